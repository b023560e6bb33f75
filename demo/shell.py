"""What every page stands in: the browser's title, the type, the colours, the way around."""

from pathlib import Path

import streamlit as st

PAGES = ("Translate",)  # in the order of the story

st.set_page_config(page_title="Digits in another hand", page_icon="✍️", layout="wide")
st.html(Path(__file__).with_name("style.css"))
pages = [
    st.Page(f"pages/{title.lower().replace(' ', '_')}.py", title=title, default=not i)
    for i, title in enumerate(PAGES)
]
st.navigation(pages, position="top").run()
