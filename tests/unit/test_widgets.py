"""Widgets without a browser: what they call, what they show, what they say when it fails."""
import io
import re
import wave

import numpy as np
import pytest

from course_lib.learn import audio, plots, widgets
from course_lib.learn.experiment import Evidence

TONE = (np.sin(np.arange(8_000) / 5) / 2).astype(np.float32)


def doubled(x, add=0):
    """A result with a number that can be checked."""
    return plots.bars(plots.axes(), ["x"], [2 * x + add], finding="It doubles").figure, f"value = {2 * x + add}"


def test_explore_shows_the_result_of_its_function():
    panel = widgets.explore(doubled, x=widgets.Slider("x", 0, 9, 3), add=widgets.Choice("add", {"none": 0, "ten": 10}))
    assert panel.status.value == "value = 6"
    before = panel.image.value
    panel.controls["x"].value = 5
    assert panel.status.value == "value = 10" and panel.image.value != before
    panel.controls["add"].value = 10
    assert panel.status.value == "value = 20"
    assert panel.names.alt == "It doubles. value = 20"
    assert panel.image.value == widgets.frame(doubled, {"x": 5, "add": 10}).picture.png


def test_an_evidence_shows_its_own_figure_and_sentence():
    evidence = Evidence("accuracy", .9124, (.89, .93), 1200, "One world only.",
                        lambda ax: plots.estimate(ax, ["launch"], [.9124], [(.89, .93)], "It holds", "accuracy"))
    shown = widgets.frame(lambda seed: evidence, {"seed": 0})
    assert shown.words == "accuracy: 0.912 (95% interval 0.89 to 0.93), n = 1,200. One world only."
    assert shown.picture.alt.startswith("It holds") and shown.picture.png == evidence.figure.png


def test_a_setting_seen_before_is_not_computed_again():
    calls = []
    panel = widgets.explore(lambda x: calls.append(x) or doubled(x), x=widgets.Slider("x", 0, 9, 3))
    for value in (4, 3, 4, 3):
        panel.controls["x"].value = value
    assert calls == [3, 4] and panel.status.value == "value = 6"


def test_a_setting_that_fails_says_so_and_the_next_one_works():
    def picky(x):
        if x > 5:
            raise ValueError("at most five clips fit")
        return doubled(x)
    panel = widgets.explore(picky, x=widgets.Slider("x", 0, 9, 3))
    panel.controls["x"].value = 7
    assert panel.status.value == "at most five clips fit" and "course-wrong" in panel.status._dom_classes
    panel.controls["x"].value = 2
    assert panel.status.value == "value = 4" and "course-wrong" not in panel.status._dom_classes


@pytest.mark.parametrize("make, words", [
    (lambda: widgets.explore(doubled), "no control arrived"),
    (lambda: widgets.explore(doubled, x=widgets.Slider("x", 0, 9, 30)), "from 0 to 9"),
    (lambda: widgets.explore(doubled, x=widgets.Choice("x", [])), "no options"),
])
def test_what_is_wrong_with_the_controls_is_said(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_function_that_returns_something_else_is_named():
    with pytest.raises(TypeError, match="<lambda> returned int"):
        widgets.explore(lambda x: 3, x=widgets.Slider("x", 0, 9, 3))


def speak(text, voice, device, noise):
    if not text.strip():
        raise ValueError("'' holds no letter or digit to speak; type a name")
    return TONE * (1 - .1 * (noise == "street")), 16_000


def speaker(text="Ada"):
    return widgets.say_widget(speak, ["m1", "f1"], {"phone": "p"}, ["quiet", "street"], text)


def test_a_typed_name_is_spoken_with_its_words_beside_it():
    panel = speaker()
    panel.text.value = "Zoë <O'Hara>"
    assert "Zoë &lt;O&#x27;Hara&gt;" in panel.sound.value and "autoplay" in panel.sound.value
    before = panel.sound.value
    panel.lists[2].value = "street"
    assert panel.sound.value == before, "nothing is spoken until it is asked for"
    panel.button.click()
    assert panel.sound.value != before and "street" in panel.sound.value


def test_a_name_that_cannot_be_spoken_gets_a_sentence():
    panel = speaker()
    panel.text.value = "  "
    assert "type a name" in panel.status.value and panel.sound.value == ""
    panel.text.value = "Ada"
    assert panel.status.value == "" and "<audio" in panel.sound.value


def test_a_wav_is_heard_as_it_was_made():
    with wave.open(io.BytesIO(audio.wav(TONE, 16_000))) as heard:
        samples = np.frombuffer(heard.readframes(heard.getnframes()), "<i2") / 32767
        assert (heard.getframerate(), heard.getnchannels(), heard.getsampwidth()) == (16_000, 1, 2)
    assert np.abs(samples - TONE).max() <= .5 / 32767 + 1e-7


def test_high_rates_are_brought_to_16_khz():
    with wave.open(io.BytesIO(audio.wav(TONE, 22_050))) as heard:
        assert heard.getframerate() == 16_000
        assert heard.getnframes() == pytest.approx(8_000 * 16_000 / 22_050, abs=2)


@pytest.mark.parametrize("clip, words", [
    ([], "is empty"), ([float("nan")] * 9, "not finite"), ([3.0] * 9, "reaches 3"), ([[.1, .2]], "shape"),
])
def test_a_clip_that_cannot_be_played_is_refused(clip, words):
    with pytest.raises(ValueError, match=words):
        audio.player(np.array(clip), 16_000, "Ada")


def test_players_carry_label_transcript_and_picture():
    both = audio.players([audio.player(TONE, 16_000, "Ada Lind", "m1"), audio.player(TONE, 16_000, "Bo", "f1")])
    assert re.findall(r'<audio controls .*?aria-label="(.*?)"', both.html) == ["m1: Ada Lind", "f1: Bo"]
    pictures = re.findall(r'<img .*?alt="(.*?)"', both.html)
    assert pictures == ["Spectrogram of “Ada Lind”, m1", "Spectrogram of “Bo”, f1"]
    assert both.words == "m1: “Ada Lind” (0.5 s of sound)\nf1: “Bo” (0.5 s of sound)"
    with pytest.raises(ValueError, match="transcript is empty"):
        audio.player(TONE, 16_000, "")
