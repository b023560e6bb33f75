// Shows a live page as Streamlit does: in a shadow root, its script a module of its own.
const { html, css, js, page } = props;
const root = element.attachShadow({ mode: "open" });
root.innerHTML = `<style>${css}</style>${html}`;
import(URL.createObjectURL(new Blob([js], { type: "text/javascript" }))).then(({ default: show }) => show({ parentElement: root, data: page }));
