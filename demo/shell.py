"""What every page stands in: the browser's title, the type, the colours, the way around."""

from pathlib import Path

import streamlit as st

# In the order of the story.
PAGES = (
    *("Translate", "Numbers", "Pictures", "Interpolate"),
    *("Map", "Teach", "Results", "How it works"),
)

NAME = "Digits in another hand"

st.set_page_config(page_title=NAME, page_icon="✍️", layout="wide")
for sheet in ("glyphs.css", "style.css"):
    st.html(Path(__file__).with_name(sheet))
pages = [
    st.Page(f"pages/{title.lower().replace(' ', '_')}.py", title=title, default=not i)
    for i, title in enumerate(PAGES)
]
page = st.navigation(pages, position="hidden")
st.set_page_config(page_title=NAME if page is pages[0] else f"{page.title} · {NAME}")
if len(pages) > 1:  # our own way around: Streamlit's hides on a phone behind an arrow
    with st.container(horizontal=True, gap="small", key="pages"):
        for each in pages:
            st.page_link(each, width="content")
page.run()
