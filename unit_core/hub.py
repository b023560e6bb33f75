"""Checkpoints on the Hugging Face Hub: fetched by `user/name`, pushed with their card.

Needs huggingface_hub; all that is read from there goes through the same checks as a local folder.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unit_core.checkpoint import CHOSEN_LABELS, CONFIG, RESULTS, SCALE, WEIGHTS, CheckpointError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

FILES = [CONFIG, WEIGHTS]
BESIDE = [RESULTS, SCALE, CHOSEN_LABELS]  # if there are


def is_id(name: str) -> bool:
    """Whether `name` could be user/name on the Hub: one slash, no other way of a path."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name) is not None


def fetch(repository: str) -> Path:
    """The folder with the checkpoint of `repository`, from the Hub or its local cache.

    CheckpointError, in words, if it cannot be had.
    """
    from_hub = _hub()
    try:
        folder = from_hub.snapshot_download(repository, allow_patterns=[*FILES, *BESIDE])
    except Exception as error:  # the Hub has dozens of its own, and the network more
        raise CheckpointError(
            f"no folder {repository}, and from the Hugging Face Hub it cannot be had: {error}"
        ) from None
    missing = [name for name in FILES if not (Path(folder) / name).exists()]
    if missing:
        raise CheckpointError(f"{repository} on the Hub has no {' and no '.join(missing)}")
    return Path(folder)


def push(folder: Path, repository: str, *, private: bool = False, token: str | None = None) -> str:
    """Upload `folder`, a checkpoint with its results, with a card that is added to it; the commit's
    address.

    Creates `repository` where there is none. CheckpointError if the Hub refuses, or `folder` holds
    results that are none.
    """
    from unit_core.card import card  # here: it knows of results and data, which a model need not

    api: HfApi = _hub().HfApi(token=token)
    (folder / "README.md").write_text(card(folder), encoding="utf-8")
    try:
        api.create_repo(repository, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository, folder_path=folder, commit_message=f"{folder.name}, with card"
        )
    except Exception as error:
        raise CheckpointError(f"could not push to {repository}: {error}") from None
    return str(commit.commit_url)


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise CheckpointError(
            "the Hub needs one more package: pip install huggingface_hub"
        ) from None
    return huggingface_hub
