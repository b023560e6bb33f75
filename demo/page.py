"""What every page asks first: is there a model to show?"""

import streamlit as st

from demo import model


def model_or_help() -> model.Model | None:
    """The default model; or None, once the page says how to get one."""
    loaded = model.load()
    if not isinstance(loaded, str):
        return loaded
    st.title("Almost there")
    st.error(f"There is no model to translate with: {loaded}")
    st.markdown(
        "If you have none yet, train one (an hour on two cores; a few minutes with --max-minutes "
        "give a first impression). Then start this page again:"
    )
    st.code("python train.py\nUNIT_CHECKPOINT=runs/full make demo", language="bash")
    if name := model.named():
        st.caption(
            f"{model.CHECKPOINT_VARIABLE} says {name}. Without it, the models in "
            f"{model.CHECKPOINTS} are shown."
        )
    return None
