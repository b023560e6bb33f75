"""One model, many visitors: what comes in while the model works is its next batch."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Busy(RuntimeError):
    """More questions wait than can be answered in good time."""


class Batcher(Generic[Question, Answer]):
    """Answers questions by `work`, which takes up to `most` of them at once in a thread of its own:
    torch keeps memory for each thread that it was called from.

    A lone question goes at once; while `work` runs, those that come wait for the next batch. With
    `queue` of them waiting a further one is refused with Busy. Use it from one event loop.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Question]], Sequence[Answer]],
        most: int = 32,
        queue: int = 512,
    ) -> None:
        self.work, self.most, self.queue = work, most, queue
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """The answer to `question`, or what `work` raised."""
        if len(self._waiting) >= self.queue:
            raise Busy(f"{self.queue} questions wait already")
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._answer())
        return await future

    async def _answer(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
            # Who has gone away meanwhile is not worth the work.
            batch = [(question, future) for question, future in batch if not future.done()]
            try:
                answers = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self.work, [question for question, _ in batch]
                )
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
