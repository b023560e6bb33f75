"""What a model says of itself comes back from JSON as it was, and adds up over its earlier runs."""

import json

import pytest

from unit_core.provenance import Provenance
from unit_core.values import typed

FIRST = Provenance(labels={"alpha": "100%", "beta": "1%"}, steps=100, minutes=6.5, device="cuda")
SECOND = Provenance(
    labels={"alpha": "100%", "beta": "chosen"},
    labelled_images={"alpha": 900, "beta": 550},
    scripts={"beta": {"title": "Beta"}},
    seed=0,
    steps=20,
    minutes=0.0,
    device="cpu",
    begun_with=FIRST,
)


@pytest.mark.parametrize("provenance", [Provenance(), FIRST, SECOND])
def test_it_survives_json(provenance: Provenance) -> None:
    told = json.loads(json.dumps(provenance.to_json()))
    assert typed(Provenance, told) == provenance
    later = told | {"weather": "fine", "commit": None}  # of a later version; of code without git
    assert typed(Provenance, later) == provenance


def test_what_is_not_known_is_not_told() -> None:
    assert Provenance().to_json() == {}
    assert Provenance(seed=0).to_json() == {"seed": 0}


def test_it_adds_up_over_earlier_runs() -> None:
    assert SECOND.all_steps == 120 and FIRST.all_steps == 100 and Provenance().all_steps == 0
    assert SECOND.devices == ["cuda", "cpu"] and Provenance(begun_with=FIRST).devices == ["cuda"]


def test_which_labels_it_was_given() -> None:
    assert SECOND.choice == "550 chosen" and SECOND.labelled == 550
    assert FIRST.choice == "1%" and FIRST.labelled == 0  # that it does not say
    assert Provenance().choice == ""
    untold = Provenance(labels={"alpha": "100%", "beta": "0"})
    assert untold.names("alpha") and not untold.names("beta")
    assert Provenance().names("beta")
