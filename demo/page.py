"""What every page asks first: is there a model to show?"""

import streamlit as st

from demo import model


def model_or_help() -> model.Model | None:
    """The default model; or None, once the page says how to get one."""
    loaded = model.load()
    if not isinstance(loaded, str):
        return loaded
    st.title("Almost there")
    st.markdown(
        "There is no trained model to translate with yet. Train one (an hour on two cores; "
        "a few minutes with --max-minutes give a first impression), then start this page again:"
    )
    st.code("python train.py\nUNIT_CHECKPOINT=runs/full/checkpoint make demo", language="bash")
    st.caption(f"What was found instead: {loaded}")
    return None
