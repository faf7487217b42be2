"""The quiz of a lesson: native buttons, graded in the kernel, kept in the ledger.

`quiz("00")` is the one with buttons. `quiz_text("00")` and `answer("00.q1", "b")` are the same
without widgets; readers online see the questions, not the answers.
"""
import html
from dataclasses import dataclass

import ipywidgets

from course_lib.learn.markup import Markup
from course_lib.learn.panel import Panel, Status, note
from course_lib.learn.spaced import Question, grade, questions


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why, as a sentence."""

    correct: bool
    words: str

    def __repr__(self):
        return self.words


def answer(key: str, chosen: str) -> Verdict:
    """Grade one answer by its letter, and keep it in the ledger.

    Parameters
    ----------
    key : the question, such as "00.q1"
    chosen : the letter of an option, such as "b"; capitals and spaces do not matter

    Raises
    ------
    ValueError
        There is no such question or no such option.
    """
    result = grade(key, str(chosen).strip().lower())
    return Verdict(result.correct, f"{'Correct' if result.correct else 'Not quite'}. {result.why}")


def quiz_text(lesson: str) -> Markup:
    """The questions of a lesson as text; answer them with `answer("00.q1", "b")`."""
    asked = questions(lesson)
    first = asked[0].key
    how = f'Answer in a cell: answer("{first}", "a")'
    page = "".join(f"<li><strong>{html.escape(q.text)}</strong> <small>({q.key})</small><ul style='list-style:none'>"
                   + "".join(f"<li>{letter}. {html.escape(words)}</li>" for letter, words in q.options.items())
                   + "</ul></li>" for q in asked)
    lines = [f"{q.key} {q.text}\n" + "\n".join(f"  {letter}. {words}" for letter, words in q.options.items())
             for q in asked]
    return Markup(f"<ol>{page}</ol><p><small>{html.escape(how)}</small></p>", "\n".join([*lines, how]))


class Quiz(Panel):
    """Questions with radio buttons; made by `quiz`."""

    def __init__(self, lesson):
        self.cards = [Card(number, question) for number, question in enumerate(questions(lesson), start=1)]
        self.status = Status()
        for card in self.cards:
            card.button.on_click(lambda _: self.status.say(self.score()))
        hint = note("Tab moves on, the arrow keys choose, Space presses a button.")
        super().__init__([hint, *(card.box for card in self.cards), self.status], quiz_text(lesson), "Quiz")

    def score(self) -> str:
        """How many are right so far, in words."""
        right = sum(card.verdict is not None and card.verdict.correct for card in self.cards)
        return f"{right} of {len(self.cards)} correct so far."


class Card:
    """One question on the page: its options, its button, its verdict."""

    def __init__(self, number: int, question: Question):
        self.key, self.verdict = question.key, None
        options = [(f"{letter}. {words}", letter) for letter, words in question.options.items()]
        self.choice = ipywidgets.RadioButtons(options=options, value=None, description=f"{number}. {question.text}")
        self.choice.add_class("course-question")
        self.button = ipywidgets.Button(description="Check", tooltip=f"Check question {number}")
        self.status = Status()
        self.button.on_click(lambda _: self._grade())
        self.status.layout.flex = "1 1 0"               # beside the button, wrapped where it is long
        self.box = ipywidgets.VBox([self.choice, ipywidgets.HBox([self.button, self.status])])

    def _grade(self):
        if self.choice.value is None:
            self.status.fail(ValueError("Choose an answer first."))
            return
        self.verdict = answer(self.key, self.choice.value)
        self.status.say(self.verdict.words)


def quiz(lesson: str) -> Quiz:
    """The quiz of a lesson with buttons, the questions that come back from earlier lessons included."""
    return Quiz(lesson)
