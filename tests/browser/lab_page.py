"""One notebook open in JupyterLab, as a learner sees it: run, point, type, read."""
import json
import os
import re
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path

ARTEFACTS = Path(os.environ.get("COURSE_ARTEFACTS", Path(__file__).parent / "screenshots"))
HARMLESS = {                                            # pattern of a console message -> why it may stay
    r"favicon\.ico": "the browser asks for an icon that the server does not have",
}
PATIENCE = 30_000                                       # ms; a page that needs this long is broken
WHOLE = 150_000                                         # ms; a lesson that needs this long for all its cells is broken


@dataclass
class LabPage:
    """A page of JupyterLab on one notebook; `page` is playwright's, for what is not here."""

    page: object
    lab: object
    name: str
    messages: list = field(default_factory=list)
    expected: tuple = ()                                # patterns of console errors that this page is about

    @classmethod
    def open(cls, context, lab, name):
        """Open a notebook in a Lab workspace of its own and wait until its kernel is idle."""
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        opened = cls(page, lab, name)
        page.on("console", lambda message: opened._note(message.type, message.text))
        page.on("pageerror", lambda error: opened._note("error", str(error)))
        page.goto(f"{lab.url}/lab/workspaces/{uuid.uuid4().hex}/tree/{name}?token={lab.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        opened.wait_idle()
        return opened

    def _note(self, kind, text):
        if kind in ("error", "warning"):
            self.messages.append(f"{kind}: {text}")

    def complaints(self):
        """Console errors and page errors that neither HARMLESS nor the test explains."""
        known = (*HARMLESS, *self.expected)
        return [text for text in self.messages
                if text.startswith("error") and not any(re.search(pattern, text) for pattern in known)]

    def wait_idle(self):
        """Wait until the status bar says that the kernel has nothing to do."""
        self.page.wait_for_function(
            "[...document.querySelectorAll('#jp-main-statusbar span')].some(e => e.textContent.endsWith('| Idle'))")

    def run_all(self):
        """Run every cell and wait until each has its number and the kernel is idle."""
        self.page.click("text=Run >> nth=0")
        self.page.click(".lm-Menu-itemLabel >> text='Run All Cells'")
        self.page.wait_for_function(
            """() => {const cells = [...document.querySelectorAll('.jp-CodeCell')];
                      return cells.length && cells.every(cell =>
                        /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt')?.textContent ?? ''))}""", timeout=WHOLE)
        self.wait_idle()

    def save(self):
        """Save the notebook as the learner does, and wait for the server's word: its file is empty while it is written."""
        with self.page.expect_response(lambda answer: answer.request.method == "PUT" and f"/api/contents/{self.name}" in answer.url) as saved:
            self.page.keyboard.press("Control+s")
        assert saved.value.ok, f"{self.name} was not saved: {saved.value.status} {saved.value.text()}"

    def slider(self, label):
        """The handle of the slider with this label."""
        return self.page.get_by_role("slider", name=label, exact=True)

    def move_slider(self, label, keys=(), share=None):
        """Move a slider by keys ("ArrowRight", "End"), or by mouse to a share (0-1) of its track."""
        handle = self.slider(label)
        handle.scroll_into_view_if_needed()
        if share is not None:
            box = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]").bounding_box()
            start = handle.bounding_box()
            self.page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
            self.page.mouse.down()
            self.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2, steps=8)
            self.page.mouse.up()
        for key in keys:
            handle.press(key)

    def redraw_times(self, label, presses, key="ArrowRight", image=".course-panel .widget-image"):
        """Milliseconds from each key on a slider, as the page hears it, to its new figure decoded."""
        handle, times = self.slider(label), []
        handle.focus()
        for _ in range(presses):
            self.page.evaluate("""image => {
                const img = document.querySelector(image), seen = img.src;
                let began;
                document.addEventListener('keydown', () => { began = performance.now(); }, {capture: true, once: true});
                window.redrawn = new Promise(done => new MutationObserver(async (_, observer) => {
                    if (img.src === seen) return;
                    observer.disconnect(); await img.decode(); done(performance.now() - began);
                }).observe(img, {attributes: true, attributeFilter: ['src']})); }""", image)
            handle.press(key)
            times.append(self.page.evaluate("() => window.redrawn"))
        return times

    def wait_text(self, selector, words):
        """Wait until an element shows these words; return all that it shows."""
        return self.page.wait_for_function(
            """([s, words]) => { const text = document.querySelector(s)?.innerText ?? '';
                                 return text.includes(words) && text; }""", arg=[selector, words]).json_value()

    def panel(self, words=None, label=None):
        """The first panel that shows these words, or that holds the control with this label; brought into sight."""
        panels = self.page.locator(".course-panel")
        wanted = panels.filter(has_text=words) if label is None else panels.filter(has=self.page.get_by_label(label, exact=True))
        wanted.first.scroll_into_view_if_needed()
        return wanted.first

    def says(self, panel, words):
        """Wait until a panel's status holds these words; return all of it."""
        status = panel.locator(".course-status").first
        return self.page.wait_for_function("([e, words]) => e.innerText.includes(words) && e.innerText",
                                           arg=[status.element_handle(), words]).json_value()

    def choose(self, label, option):
        """Choose an option of the list with this label."""
        self.page.get_by_label(label, exact=True).select_option(option)

    def answer_first_question(self, option):
        """Answer the first question of the quiz by its option's first words, and wait for "Correct."."""
        quiz = self.panel("Tab moves on")
        quiz.get_by_text(option).click()
        quiz.get_by_role("button", name="Check").first.click()
        self.page.wait_for_function("e => e.innerText.includes('Correct.')", arg=quiz.element_handle())

    def complains_in_cells(self):
        """How many outputs of cells are warnings or errors on stderr."""
        return self.page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count()

    def text(self, selector):
        """The visible text of an element."""
        return self.page.locator(selector).first.inner_text()

    def source_bytes(self, selector):
        """The bytes behind the `src` of an image or audio element (data: or blob: address)."""
        numbers = self.page.locator(selector).first.evaluate(
            "async e => [...new Uint8Array(await (await fetch(e.src)).arrayBuffer())]")
        return bytes(numbers)

    def screenshot(self, name, of=None):
        """Keep a picture of the page, or of one element, among the artefacts."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        (of or self.page).screenshot(path=ARTEFACTS / (re.sub(r"[^\w-]+", "-", name).strip("-") + ".png"))

    def close(self):
        """End the notebook's kernel and close the page."""
        for session in self._api("sessions"):
            if session["path"] == self.name:
                self._api(f"sessions/{session['id']}", "DELETE")
        self.page.context.close()

    def _api(self, path, method="GET"):
        request = urllib.request.Request(f"{self.lab.url}/api/{path}?token={self.lab.token}", method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            body = answer.read()
        return json.loads(body) if body else None
