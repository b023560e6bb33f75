"""A lesson: name what a model without labels asks about, and see how far each answer goes."""

import streamlit as st

from demo import component, lesson_api, page, palette

if page.model_or_help():
    course = lesson_api.load()
    if isinstance(course, str):
        st.title("No lesson yet")
        first = "" if lesson_api.untaught() else "; train one first, an hour on two cores"
        st.markdown(f"It is prepared once, in a minute or two, for a model without labels{first}:")
        st.code(lesson_api.how_to_prepare(), language="bash")
        st.caption(f"What was found instead: {course}")
    else:
        component.mount(
            "teach/teach",
            {
                "scripts": component.scripts([course.script]),
                "count": len(course.lesson),
                "columns": course.lesson.columns,
                "tag": course.tag,
                "palette": {"light": palette.LIGHT, "dark": palette.DARK},
            },
            key="teach",
            js=[
                *("canvas/stage.js", "canvas/digit.js", "canvas/server.js", "canvas/answers.js"),
                *("map/atlas.js", "map/colours.js", "map/camera.js", "map/hit.js", "map/tip.js"),
                *("results/charts.js", "teach/lesson.js", "teach/dots.js", "teach/curve.js"),
            ],
            css=["paper.css", "map/tip.css"],
        )
