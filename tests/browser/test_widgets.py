"""Every kind of widget, by mouse and by keyboard, in a real JupyterLab."""
import io
import wave

EXPLORE = """\
import numpy as np
from course_lib.learn import plots, widgets
plots.style()
def cost(noise, voice):
    days = np.arange(40)
    error = .05 + noise / 100 + (.2 if voice == "es" else 0)
    ax = plots.timeline(plots.axes(), days, {"test set": np.full(40, .05), "users": np.full(40, error)},
                        finding=f"Users meet {error:.0%} errors", unit="error rate")
    return plots.guess_mark(ax, .1, "y").figure, f"errors = {1000 * error:.0f} in 1,000"
widgets.explore(cost, noise=widgets.Slider("Noise", 0, 20, 5, unit="dB", help="How loud the street is."),
                voice=widgets.Choice("Readers", {"English": "en", "Spanish": "es"}))
"""
SPEAK = """\
import numpy as np
from course_lib.learn import plots, widgets
plots.style()
def speak(text, voice, device, noise):
    if not any(c.isalnum() for c in text):
        raise ValueError(f"{text!r} holds no letter or digit to speak; type a name")
    t = np.arange(16000) / 16000
    return .3 * np.sin(2 * np.pi * (200 + 20 * len(text)) * t) + noise * np.sin(9e3 * t), 16000
widgets.say_widget(speak, ["voice A", "voice B"], ["phone", "car"], {"quiet": 0, "street": .1}, "Ada Lind")
"""
STATUS = ".course-panel .course-status"
IMAGE = ".course-panel .widget-image"
AUDIO = ".course-panel audio"


def test_a_figure_follows_its_controls_by_keyboard_and_by_mouse(open_lab):
    page = open_lab("explore.ipynb", [EXPLORE])
    page.run_all()
    page.wait_text(STATUS, "= 100 in")
    before = page.source_bytes(IMAGE)
    page.move_slider("Noise (dB)", keys=["ArrowRight", "ArrowUp"])
    page.wait_text(STATUS, "= 120 in")
    assert page.source_bytes(IMAGE) != before
    page.move_slider("Noise (dB)", share=1.0)
    page.wait_text(STATUS, "= 250 in")
    page.page.get_by_label("Readers", exact=True).focus()
    page.page.keyboard.press("ArrowDown")
    page.wait_text(STATUS, "= 450 in")
    assert "Users meet 45% errors" in page.page.locator(IMAGE).get_attribute("alt")
    assert not page.page.locator(".course-static").first.is_visible(), "the live panel hides its static face"
    page.move_slider("Noise (dB)", keys=["Home"] + 17 * ["ArrowRight"])
    page.wait_text(STATUS, "= 420 in")                  # the last of many fast moves wins, and stays
    page.wait_idle()
    assert "= 420 in" in page.text(STATUS)


def test_a_saved_notebook_keeps_a_figure_for_readers(open_lab, lab):
    first = open_lab("saved.ipynb", [EXPLORE])
    first.run_all()
    first.slider("Noise (dB)").focus()                  # JupyterLab's own keys work from inside a widget
    first.save()
    book = (lab.folder / "saved.ipynb").read_text(encoding="utf-8")
    (lab.folder / "trusted.ipynb").write_text(book, encoding="utf-8")
    changed = book.replace("How loud the street", "How loud a street")
    (lab.folder / "foreign.ipynb").write_text(changed, encoding="utf-8")
    for name in ("trusted.ipynb", "foreign.ipynb"):     # the server signs what it saved; nothing is live in either
        copy = open_lab(name)
        copy.expected = ("widget model not found",)
        image = copy.page.locator(".course-static img")
        image.wait_for()
        assert image.is_visible() and "errors = 100 in 1,000" in image.get_attribute("alt")
        assert copy.source_bytes(".course-static img").startswith(b"\x89PNG")
        assert copy.page.locator(".course-panel").count() == 0
        assert not copy.page.get_by_text("model not found").filter(visible=True).count()


def test_a_name_is_typed_and_heard_or_gets_a_sentence(open_lab):
    page = open_lab("speak.ipynb", [SPEAK])
    page.run_all()
    assert page.page.locator(AUDIO).get_attribute("aria-label") == "voice A, phone, quiet: Ada Lind"
    sounds = [page.source_bytes(AUDIO)]
    page.page.get_by_label("Name", exact=True).fill("Bo Strand-Ek")
    page.page.keyboard.press("Enter")
    page.wait_text(".course-panel figcaption", "Bo Strand-Ek")
    sounds.append(page.source_bytes(AUDIO))
    page.page.get_by_label("Noise", exact=True).select_option("street")
    page.page.get_by_role("button", name="Say it").click()
    page.wait_text(".course-panel figcaption", "street")
    sounds.append(page.source_bytes(AUDIO))
    assert len(set(sounds)) == 3
    with wave.open(io.BytesIO(sounds[-1])) as heard:
        assert heard.getnframes() == heard.getframerate() == 16_000
    seconds = page.page.locator(AUDIO).evaluate(
        """async audio => { const wav = await (await fetch(audio.src)).arrayBuffer();
           return (await new OfflineAudioContext(1, 1, 16000).decodeAudioData(wav)).duration; }""")
    assert seconds == 1
    page.page.get_by_label("Name", exact=True).fill("🙂")
    page.page.keyboard.press("Tab")
    assert page.wait_text(STATUS, "type a name") == "'🙂' holds no letter or digit to speak; type a name"
    assert page.page.locator(AUDIO).count() == 0
    assert page.page.locator(STATUS).get_attribute("role") == "status"


PLAYERS = """\
import numpy as np
from course_lib.learn import audio, plots
plots.style()
tone = lambda hertz: .3 * np.sin(2 * np.pi * hertz * np.arange(16000) / 16000)
audio.players([audio.player(tone(300 * i), 16000, "Ada Lind", f"voice {i}") for i in (1, 2, 3)])
"""


def test_players_play_by_keyboard_and_survive_without_a_kernel(open_lab, lab):
    page = open_lab("players.ipynb", [PLAYERS])
    page.run_all()
    second = page.page.get_by_label("voice 2: Ada Lind", exact=True)
    second.focus()
    page.page.keyboard.press("Space")
    page.page.wait_for_function("document.querySelectorAll('audio')[1].currentTime > 0")
    page.save()                                         # with the player in focus
    book = (lab.folder / "players.ipynb").read_text(encoding="utf-8").replace("tone(300", "tone(200")
    (lab.folder / "online.ipynb").write_text(book, encoding="utf-8")
    online = open_lab("online.ipynb")                   # not trusted: its HTML is cleaned before it is shown
    online.page.wait_for_selector("figcaption")
    assert online.page.get_by_alt_text("Spectrogram of “Ada Lind”, voice 3").is_visible()
    assert online.source_bytes("audio").startswith(b"RIFF")


def test_a_projector_makes_controls_large_too(open_lab):
    page = open_lab("projector.ipynb", [EXPLORE.replace("plots.style()", "plots.projector()")], size=(1920, 1080))
    page.run_all()
    page.slider("Noise (dB)").scroll_into_view_if_needed()
    texts = page.page.locator(".course-panel :is(.widget-label, select, .widget-readout, .widget-html-content):visible")
    sizes = texts.evaluate_all("all => all.map(e => parseFloat(getComputedStyle(e).fontSize))")
    assert len(sizes) >= 6 and min(sizes) >= 24         # 18 points are 24 pixels


def test_printed_lines_break_between_words(open_lab):
    page = open_lab("words.ipynb", ["from course_lib.learn.lesson import begin\nbegin('00')", "print('guideline ' * 60)"])
    page.run_all()
    printed = page.page.locator(".jp-OutputArea-output pre", has_text="guideline")
    ends = printed.evaluate("""pre => {
        const text = pre.firstChild.firstChild ?? pre.firstChild, at = i => {
            const range = document.createRange(); range.setStart(text, i); range.setEnd(text, i + 1);
            return range.getBoundingClientRect().top; };
        return [...Array(500).keys()].filter(i => at(i + 1) > at(i) + 2).map(i => text.data[i] + text.data[i + 1]); }""")
    assert ends and all(" " in pair for pair in ends), ends
