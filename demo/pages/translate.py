"""Draw a digit, see it in the other script while the pen still moves."""

import streamlit as st

from demo import model
from demo.canvas import board

loaded = model.load()
if isinstance(loaded, str):
    st.title("Almost there")
    st.markdown(
        "There is no trained model to translate with yet. Train one (an hour on two cores; "
        "a few minutes with --max-minutes give a first impression), then start this page again:"
    )
    st.code("python train.py", language="bash")
    st.caption(f"What was found instead: {loaded}")
else:
    board(list(loaded.domains.values()))
