"""The Results page in headless Chromium, on the files that are shipped beside the checkpoints.

The weights are stand-ins, so that the page is tested whatever architecture was shipped last. What
is not shipped is made up, from the same functions.
"""

import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import ROOT, contrast, forgive, serve, until  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402
from test_film import training  # noqa: E402
from test_mistakes import Hasty, found  # noqa: E402
from test_reports import results, seen, write  # noqa: E402

from demo import model, report  # noqa: E402
from unit_core import Translator, choices, film, mistakes, reports  # noqa: E402
from unit_core.checkpoint import CONFIG, FILM, FILM_INDEX, read_config  # noqa: E402
from unit_core.networks import ModelConfig  # noqa: E402
from unit_core.provenance import Provenance  # noqa: E402
from unit_core.results import fair  # noqa: E402
from unit_core.values import typed  # noqa: E402

READY = ".results[data-state='ready']"
SHIPPED = [path.parent for path in sorted((ROOT / "checkpoints").glob(f"*/{CONFIG}"))]
BESIDE = ("results.json", "seeds.json", "training.json", "mistakes.json", FILM, FILM_INDEX)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def log(ticks: int, loss: float) -> list[dict[str, Any]]:
    """A training log whose validation losses all fall from `loss`."""
    lines = []
    for i in range(1, ticks + 1):
        held_out = {
            f"{name}/{what}": value
            for name in ("mnist", "kannada")
            for what, value in {
                "reconstruction": loss / i, "kl": 1.0, "latent": 90 + i, "discriminator": 80 + i,
            }.items()
        }  # fmt: skip
        line = {"step": 10 * i, "minutes": float(i), "progress": i / ticks}
        met = {"mnist>kannada/gan": 1.0} if i > ticks / 4 else {}
        lines.append(line | {"train": held_out | met, "validation": held_out})
    return lines


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints to choose from: the shipped files, `made-up` with all there can be, `bare` with
    nothing and `damaged` with nothing whole."""
    folder = tmp_path_factory.mktemp("shelf")
    stand_in = ModelConfig(width=8, hidden=32)
    for shipped in SHIPPED:
        provenance = read(shipped / CONFIG)["provenance"]
        Translator(stand_in, typed(Provenance, provenance)).save(folder / shipped.name)
        for name in BESIDE:
            if (shipped / name).exists():
                shutil.copy(shipped / name, folder / shipped.name / name)
    run, checkpoint = training(folder / "made", range(10, 60, 10))
    scarce = write(
        folder / "made-up", "3-per-class", 30,
        results=results(91.25) | {"validation": {"mnist": seen()}}, seeds=[results(92.75, seed=1)],
        training=log(5, 300), mistakes={"mnist": asdict(found(Hasty()))},
    )  # fmt: skip
    film.save(film.assemble(run, checkpoint), scarce)
    shutil.rmtree(folder / "made")
    write(folder / "bare", "4-per-class", 40)
    files = dict.fromkeys(("results", "training", "film", "mistakes"), "{")
    write(folder / "damaged", "5-per-class", 50, **files)
    for name in ("made-up", "bare", "damaged"):
        provenance = read(folder / name / CONFIG)["provenance"]
        if name == "made-up":
            provenance |= {"device": "cpu", "begun_with": {"device": "cuda", "labels": {}}}
            provenance |= {"digits_seen": 90_000}
        Translator(stand_in, typed(Provenance, provenance)).save(folder / name)
    if not (folder / "full").exists():
        shutil.copytree(folder / "made-up", folder / "full")
    return folder


@pytest.fixture(scope="module")
def address(browser: Any, shelf: Path) -> Iterator[str]:
    with mock.patch.dict(os.environ, {"UNIT_CHECKPOINTS": str(shelf)}):
        os.environ.pop("UNIT_CHECKPOINT", None)
        with serve() as url:
            yield url


def visit(page: Page, address: str, name: str | None = None) -> Locator:
    """The page, reached from the start as a visitor does; with the model `name` chosen."""
    page.goto(address)
    page.get_by_role("link", name="Results").click()
    page.locator(READY).wait_for(timeout=30_000)
    if name:
        choose(page, name)
    return page.locator(".results")


def choose(page: Page, name: str) -> None:
    page.locator(f".models input[value='{name}']").check()
    page.locator(f"{READY}[data-model='{name}']").wait_for()


def cells(page: Page, test: str, labels: str) -> list[str]:
    row = page.locator(f".way[data-test='{test}'] tr[data-labels='{labels}'] td")
    return [text.split("±")[0].strip() for text in row.all_inner_texts()]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_every_accuracy_is_that_of_the_results_file(page, address, folder):
    if not (folder / "results.json").exists() or (folder / "seeds.json").exists():
        pytest.skip(f"{folder.name} has no results, or several seeds")
    visit(page, address)
    labels = read_config(folder)[1].choice
    for test, reading in read(folder / "results.json")["tests"].items():
        accuracy = reading["accuracy"]
        shown = cells(page, test, labels)[:3]
        assert shown == [f"{accuracy[k]:.2f}" for k in ("judge", "discriminator", "latent")]


def test_models_that_saw_fewer_digits_are_named(page, address):
    visit(page, address)
    said = page.locator(".caution").inner_text()
    known = [read(folder / CONFIG)["provenance"].get("digits_seen") for folder in SHIPPED]
    assert ("“3-per-class”" in said and "saw 0.1" in said) == any(known)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_every_confusion_and_look_is_that_of_the_files(page, address, folder):
    visit(page, address, folder.name)
    looks = read(folder / "results.json").get("validation", {}) if (
        folder / "results.json"
    ).exists() else {}  # fmt: skip
    if looks:
        shown = page.locator(".gauge", has_text="Variety").locator("output b").all_inner_texts()
        assert shown == [f"{part['looks']['diversity']:.2f}" for part in looks.values()]
        shown = page.locator(".gauge", has_text="Slant").locator("output b").all_inner_texts()
        assert shown == [f"{part['looks']['hand_kept']['slant']:.2f}" for part in looks.values()]
    if not (folder / "mistakes.json").exists():
        expect(page.locator(".matrix")).to_contain_text("python -m unit_core mistakes")
        return
    for test, part in read(folder / "mistakes.json").items():
        page.locator(f".tests input[value='{test}']").check()
        table = page.locator(".matrix tbody tr")
        counts = part["confusion"]["judge"]
        expect(table.first.locator("td").first).to_have_text(str(counts[0][0]))
        found = [
            [int(text or 0) for text in row.locator("td").all_inner_texts()] for row in table.all()
        ]
        assert found == counts
        expect(page.locator(".gallery figure")).to_have_count(len(part["worst"]))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_shipped_mistakes_agree_with_shipped_results(folder):
    if not (folder / "mistakes.json").exists() or not (folder / "results.json").exists():
        pytest.skip(f"{folder.name} ships no mistakes or no results")
    assert (folder / "mistakes.json").stat().st_size < 200_000
    shipped = reports.read(folder)
    readings, measure = shipped.tests, fair(shipped.labels)
    for test, part in mistakes.read(folder).items():
        for reader in part.confusion:
            per_cent = 100 - 100 * part.wrong(reader) / readings[test].n
            assert per_cent == pytest.approx(readings[test].scores(measure).by(reader), abs=0.03)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_film_is_whole_and_small(folder):
    if not (folder / FILM).exists():
        pytest.skip(f"{folder.name} ships no film")
    assert (folder / FILM).stat().st_size < 450_000
    steps = [line["step"] for line in read(folder / "training.json")]
    assert [frame.step for frame in film.load(folder).frames][-1] == steps[-1]


def test_several_seeds_are_a_mean_with_a_spread(page, address):
    visit(page, address)
    row = page.locator(".way[data-test='kannada'] tr[data-labels='3-per-class'] td.judge")
    expect(row).to_contain_text("92.00")
    expect(row.locator("small")).to_have_text("± 1.06")


def test_what_is_not_trained_is_said_to_be_so(page, address, shelf):
    visit(page, address)
    trained = {read(p)["provenance"]["labels"]["kannada"] for p in shelf.glob(f"*/{CONFIG}")}
    for labels in choices.LABELS:
        shown = cells(page, "kannada", labels)
        if labels not in trained:
            assert shown[0] == "not trained yet"
            label = page.locator(f".models input[value='no {labels}']")
            expect(label).to_be_disabled()
    assert cells(page, "kannada", "1%")[-1] == "88.16"  # the original's stands in any case
    assert cells(page, "mnist", "1%")[-1] == "–"  # which never wrote in Kannada


def test_a_model_of_other_scripts_is_shown_by_itself(browser, tmp_path):
    """Three of them here; nothing that others published or that was not trained beside it."""
    config = ModelConfig(domains=("mnist", "kannada", "telugu"), latent_dim=12, width=8, hidden=32)
    labels = {"mnist": "100%", "kannada": "10%", "telugu": "10%"}
    Translator(config, Provenance(labels=labels)).save(tmp_path)
    own = results(mnist=97.5)
    back = seen(target="mnist")
    own["validation"] = {"mnist": seen(), "kannada": back, "telugu": back}
    own["tests"]["telugu"] = own["tests"]["kannada"]
    (tmp_path / "results.json").write_text(json.dumps(own), encoding="utf-8")
    with serve(tmp_path) as address:
        page = browser.new_page()
        shown = visit(page, address)
        expect(shown.locator(".way[data-test='telugu'] tbody tr")).to_have_count(1)
        expect(shown.locator(":is(.theirs, td.original):visible")).to_have_count(0)
        expect(shown.locator(".gauge >> nth=0").locator("b")).to_have_count(3)
        page.close()


def film_pictures(page: Page) -> list[str]:
    return page.locator(".film canvas").evaluate_all("all => all.map((c) => c.toDataURL())")


def test_the_scrubber_moves_film_and_curves_together(page, address):
    main = visit(page, address, "made-up")
    expect(page.locator(".learning .lead")).to_contain_text("on a GPU, then on a CPU.")
    time = page.get_by_role("slider", name="Time of the training")
    expect(page.locator(".moment")).to_contain_text("step 50. The scripts have met")
    last = film_pictures(page)
    assert len(last) == 6
    time.focus()
    page.keyboard.press("ArrowLeft")
    expect(main).to_have_attribute("data-frame", "3")
    before = film_pictures(page)
    assert [a == b for a, b in zip(last, before, strict=True)] == [True, False, False] * 2
    first_curve = page.locator(".curve").first.locator("li b")
    expect(first_curve.last).to_have_text("76.0")  # 300 / 4 + 1
    page.keyboard.press("Home")
    expect(page.locator(".moment")).to_contain_text("step 10. The scripts have not met")
    expect(first_curve.last).to_have_text("301.0")
    expect(page.locator(".meeting")).to_be_visible()
    expect(page.locator(".curve .meet")).not_to_have_count(0)


def test_play_runs_to_the_end_and_pauses(timed_page, address):
    main = visit(timed_page, address, "made-up")
    now = timed_page.evaluate("Date.now()")
    timed_page.clock.install(time=now)
    timed_page.clock.pause_at(now + 1000)  # from here on time passes as the test says
    timed_page.get_by_role("button", name="Play").click()
    expect(main).to_have_attribute("data-tick", "0")
    timed_page.clock.run_for(600)
    expect(main).to_have_attribute("data-tick", "1")
    timed_page.get_by_role("button", name="Pause").click()
    timed_page.clock.run_for(5000)
    expect(main).to_have_attribute("data-tick", "1")
    timed_page.get_by_role("button", name="Play").click()
    timed_page.clock.run_for(5000)
    expect(main).to_have_attribute("data-tick", "4")
    expect(timed_page.get_by_role("button", name="Play")).to_be_visible()


def test_until_another_model_has_come_there_is_nothing_to_play(page, address):
    main = visit(page, address)
    held = []
    page.route("**/api/results*", lambda route: held.append(route))
    page.locator(".models input[value='made-up']").check()
    expect(main).to_have_attribute("data-state", "waiting")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_role("slider", name="Time of the training").press("Home")
    page.set_viewport_size({"width": 900, "height": 800})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert not page.locator(".curves path[d*=NaN]").count()
    held[0].continue_()
    page.locator(f"{READY}[data-model='made-up']").wait_for()
    expect(main).to_have_attribute("data-tick", "4")  # its last word


def test_pressing_on_a_curve_goes_to_that_time(page, address):
    main = visit(page, address, "made-up")
    chart = page.locator(".curve .chart").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.click(box["x"] + 0.42 * box["width"], box["y"] + box["height"] / 2)
    expect(main).to_have_attribute("data-tick", "1")


def test_another_checkpoint_has_other_curves(page, address):
    visit(page, address, "made-up")
    line = page.locator(".curve").first.locator("svg path[style]").last
    made_up = line.get_attribute("d")
    choose(page, "full")
    assert line.get_attribute("d") != made_up
    final = read(ROOT / "checkpoints" / "full" / "training.json")[-1]["validation"]
    total = final["kannada/reconstruction"] + final["kannada/kl"]
    expect(page.locator(".curve").first.locator("li b").last).to_have_text(f"{total:.1f}")
    visit(page, address)
    expect(page.locator(".results")).to_have_attribute("data-model", "full")  # it is kept


@pytest.mark.parametrize("name", ["bare", "damaged"])
def test_missing_and_damaged_files_get_a_sentence_and_a_command(page, address, name):
    visit(page, address, name)
    for place, command in {
        ".film": "python -m unit_core film",
        ".curves": "python train.py --out",
        ".gauges": "python -m unit_core evaluate",
        ".matrix": "python -m unit_core mistakes",
    }.items():
        expect(page.locator(f"{place} code")).to_contain_text(command)
    assert "Traceback" not in page.content()
    expect(page.locator(".troubles")).to_contain_text("results.json")


def test_readers_and_mistakes(page, address):
    visit(page, address, "made-up")
    wrong = page.locator(".matrix tbody tr").nth(7).locator("td").nth(6)
    expect(wrong).to_have_text("10")
    expect(page.locator(".matrix thead th").nth(6)).to_have_text("೬")
    expect(page.locator(".matrix caption")).to_contain_text("90 of 100 right")
    expect(page.locator(".gallery figcaption").first).to_have_text(re.compile("7 read as ೬"))
    page.get_by_label("latent head").check()
    expect(page.locator(".matrix caption")).to_contain_text("100 of 100 right")
    expect(wrong).to_have_text("")


def test_arrows_go_through_a_choice(page, address):
    visit(page, address)
    tests = page.locator(".tests input")
    tests.locator("nth=0").focus()
    names = [each.get_attribute("value") for each in tests.all()]
    for name in (*names[1:], names[0]):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f".tests [value={name}]")).to_be_focused()
        expect(page.locator(f".tests [value={name}]")).to_be_checked()


def test_back_and_a_reload_go_on_where_one_was(page, address, context_of):
    visit(page, address)
    pane = page.get_by_test_id("stMain")
    page.wait_for_timeout(1000)  # reads: Streamlit begins a page at its top, and may be slow to
    pane.evaluate("pane => pane.scrollTo(0, 900)")
    until(page, lambda: page.evaluate("history.state?.place"), lambda place: place == 900)
    link = page.get_by_role("link", name="How it works")
    link.evaluate("link => link.click()")  # from here: a pointer would go up to it first
    page.locator(".story:not([data-answers='0'])").wait_for()
    assert pane.evaluate("pane => pane.scrollTop") == 0
    for again in (page.go_back, page.reload):
        again()
        page.locator(".results[data-state='ready']").wait_for()
        until(page, lambda: pane.evaluate("pane => pane.scrollTop"), lambda place: place == 900)
    forgive(context_of, "404")  # Streamlit looks where it lives, beside this page first


def test_pointing_at_a_mark_tells_its_figure(page, address):
    visit(page, address)
    chart = page.locator(".way[data-test='dig'] .chart.accuracy")
    chart.locator("[data-tip*='labels: all']").hover()
    expect(chart.locator(".tip")).to_contain_text("the original 76.12")
    chart.locator("[data-tip*='labels: none']").hover()
    expect(chart.locator(".tip")).to_contain_text("the original, unmatched, ≈ 3")
    expect(chart.locator("rect.original")).to_have_count(4)  # that one is no mark beside ours


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_links_are_seen(context_of, address, scheme):
    page = context_of(color_scheme=scheme).new_page()
    assert contrast(visit(page, address).locator("p a").first, "textDecorationColor") > 3


def test_the_film_can_be_kept(page, address):
    visit(page, address, "made-up")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="GIF").click()
    assert waiting.value.suggested_filename == "made-up-training.gif"
    assert Path(waiting.value.path()).read_bytes().startswith(b"GIF89a")


def test_a_lost_server_is_said_and_got_over(page, address, context_of):
    visit(page, address)
    page.route("**/api/results*", lambda route: route.abort())
    page.locator(".models input[value='made-up']").check()
    expect(page.locator(".film")).to_contain_text("does not answer")
    page.unroute("**/api/results*")
    page.get_by_role("button", name="Try again").click()
    page.locator(f"{READY}[data-model='made-up']").wait_for()
    context_of.errors[:] = [error for error in context_of.errors if "ERR_FAILED" not in error]


@pytest.mark.parametrize("width", [320, 390, 820])
def test_fits_and_shows_its_digits_at_any_width(context_of, address, width):
    page = context_of(viewport={"width": width, "height": 844}, color_scheme="dark").new_page()
    visit(page, address, "made-up")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".film canvas").first.evaluate("c => c.width / c.height") == (
        10 if width < 600 else 20
    )


# --- the routes -----------------------------------------------------------------------------------


def ask(url: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=20) as got:
            return got.status, got.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_routes_refuse_what_they_do_not_have(address):
    assert ask(f"{address}/api/results?model=../full")[0] == 422
    assert ask(f"{address}/api/results?model=full", "POST")[0] == 405
    assert ask(f"{address}/api/film?model=nobody")[0] == 422
    assert ask(f"{address}/api/film?model=bare")[0] == 404
    assert ask(f"{address}/api/film?model=damaged&as=gif")[0] == 404
    status, body = ask(f"{address}/api/film?model=made-up")
    assert status == 200 and body.startswith(b"RIFF")


def test_odd_json_is_no_trouble(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "x",
        results=results() | {"validation": {"mnist": 3}},
        training=[{"step": 1, "minutes": 1, "progress": 1, "train": [], "validation": {"a": "b"}}],
        film=[1, 2],
        mistakes={"mnist": {"confusion": {"judge": [[1]]}, "worst": []}},
    )
    shipped: Any = SimpleNamespace(name="x", folder=folder, devices=())
    parts = report.detail(shipped)
    for part in ("training", "film", "looks", "mistakes"):
        assert "missing" in parts[part]


def test_a_model_of_other_scripts_stands_beside_nothing_it_is_no_match_for(monkeypatch, tmp_path):
    """Its ways are named after its scripts; no published figure is of them."""
    own = results(mnist=97.5)
    own["tests"] = {
        "mnist": own["tests"]["mnist"] | {"target": "telugu"}, "telugu": own["tests"]["kannada"]
    }  # fmt: skip
    folder = write(tmp_path / "own", "1%", 20, results=own)
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(folder))
    model.shipped.cache_clear()
    try:
        told = report.overview()
    finally:
        model.shipped.cache_clear()
    assert [each["way"] for each in told["tests"]] == ["MNIST → Telugu", "Telugu → MNIST"]
    row = next(row for row in told["rows"] if row["ours"])
    assert row["ours"]["mnist"]["accuracy"]["judge"]["mean"] == 97.5
    assert not told["known"] and not any(row["original"] for row in told["rows"])
