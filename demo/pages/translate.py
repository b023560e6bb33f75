"""Draw a digit, see it in the other script while the pen still moves."""

import streamlit as st

from demo import model
from demo.canvas import board

loaded = model.load()
if isinstance(loaded, str):
    st.title("Almost there")
    st.markdown(
        "There is no trained model to translate with yet. Train one (a few minutes give a first "
        "impression, an hour a good one), then start this page again:"
    )
    st.code("python train.py --out checkpoints/full", language="bash")
    st.caption(f"What was found instead: {loaded}")
else:
    board(list(loaded.domains.values()))
