"""What every widget of the course shares: a readable box, and a static face for readers.

A cell that shows a panel leaves two outputs: what can be read without a kernel (online, in an
exported page, in a notebook opened again), and the live box, which hides the first while it
lives. ipywidgets leaves its sliders, button groups and images without names; `Names` adds them.
"""
import html

import anywidget
import ipywidgets
import matplotlib
import traitlets
from IPython.display import display


VIEW = "application/vnd.jupyter.widget-view+json"
LOST = """<style>.jp-OutputArea-child:has(.course-static) + .jp-OutputArea-child:not(:has(.course-panel))
{display: none}</style>"""                              # no "model not found" in a notebook opened again
CSS = """
.jp-OutputArea-child:has(.course-static):has(+ .jp-OutputArea-child .course-panel) {display: none}
.course-panel {--point: %(points)spt; --jp-widgets-font-size: var(--point);
  --jp-widgets-inline-height: calc(2.2 * var(--point)); --jp-widgets-inline-width: calc(30 * var(--point));
  --jp-widgets-inline-label-width: calc(9 * var(--point)); --jp-widgets-inline-width-short: calc(12 * var(--point));
  max-width: calc(56 * var(--point)); padding: .5em .75em; border: 1px solid #999; border-radius: 4px}
.course-panel .widget-inline-hbox {margin-right: 1.5em}
.course-panel .widget-box {overflow: visible}
.course-panel .widget-label {text-align: left}
.course-panel .widget-radio > .widget-label, .course-panel .widget-radio-box label
  {white-space: normal; line-height: 1.4 !important; height: auto}
.course-panel .widget-button + .course-status {padding-left: 1em}
.course-panel .course-question {margin-top: .75em}
.course-panel .course-question > .widget-label {font-weight: bold; display: block}
.course-panel .widget-radio, .course-panel .widget-radio-box
  {width: auto; max-width: 100%%; margin-bottom: .3em !important}
.course-panel .widget-radio-box label {display: flex; gap: .5em; align-items: flex-start; margin: .15em 0}
.course-panel .widget-radio-box input {order: -1; flex: none; margin: .15em 0 0}
.course-panel .widget-html-content {font-size: var(--point); line-height: 1.4}
.course-panel .course-note .widget-html-content {color: var(--jp-ui-font-color2, #555)}
.course-panel .course-wrong .widget-html-content {color: var(--jp-error-color0, #a01010); font-weight: bold}
.course-panel img {max-width: 100%%; width: auto; height: auto; align-self: flex-start; background: white}
.course-panel :is(button, input, select, [role=slider]):focus-visible {outline: 3px solid #0072B2; outline-offset: 2px}
"""


class Names(anywidget.AnyWidget):
    """Invisible; gives the widgets around it the names and roles that screen readers need."""

    alt = traitlets.Unicode().tag(sync=True)
    _esm = """
    const set = (e, name, value) => { if (e && e.getAttribute(name) !== value) e.setAttribute(name, value); };
    function name(panel, alt) {
      const text = e => e.querySelector('.widget-label')?.textContent ?? '';
      for (const s of panel.querySelectorAll('.widget-slider')) {
        set(s.querySelector('[role=slider]'), 'aria-label', text(s));
        set(s.querySelector('.widget-readout'), 'aria-label', text(s) + ', typed');
        set(s.querySelector('.widget-readout'), 'role', 'textbox');
      }
      panel.querySelectorAll('.widget-toggle-buttons, .widget-radio').forEach((group, i) => {
        set(group, 'role', group.classList.contains('widget-radio') ? 'radiogroup' : 'group');
        set(group, 'aria-label', text(group) || group.title || 'choices');
        const radios = group.querySelectorAll('input[type=radio]');
        const shared = radios[0]?.name || 'course-' + crypto.getRandomValues(new Uint32Array(2)).join('-');
        radios.forEach(input => { if (input.name !== shared) input.name = shared; });
      });
      for (const b of panel.querySelectorAll('.widget-toggle-button'))
        set(b, 'aria-pressed', String(b.classList.contains('mod-active')));
      for (const s of panel.querySelectorAll('.course-status')) set(s, 'role', 'status');
      for (const i of panel.querySelectorAll('.widget-image')) set(i, 'alt', alt);
    }
    function keys(event) {    // plain keys are the widget's, or JupyterLab takes its arrows and letters;
      const widget = event.target.closest?.('audio, .course-panel *');            // Ctrl+S and Shift+Enter pass
      const lab = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === 'Enter');
      if (widget) event.target.toggleAttribute('data-lm-suppress-shortcuts', !lab);
    }
    function render({ model, el }) {
      if (!window.courseKeys) { window.courseKeys = keys; window.addEventListener('keydown', keys, true); }
      let over = false;
      const apply = () => {
        const panel = el.closest('.course-panel');              // null while it is taken off the page
        if (panel) name(panel, model.get('alt'));
      };
      const observer = new MutationObserver(apply);
      const begin = () => {
        const panel = el.closest('.course-panel');
        if (over) return;
        if (!panel) { setTimeout(begin, 20); return; }
        apply();
        observer.observe(panel, { childList: true, subtree: true, attributes: true, attributeFilter: ['class'] });
        model.on('change:alt', apply);
      };
      el.style.display = 'none';
      begin();
      return () => { over = true; observer.disconnect(); model.off('change:alt', apply); };
    }
    export default { render };
    """


class Panel:
    """A box of widgets with a static face; displays both, the box hides the face while it lives."""

    def __init__(self, children, face, label: str):
        self.face = face                                # has _repr_mimebundle_ with text/html and text/plain
        self.names = Names()
        points = matplotlib.rcParams["font.size"]
        sheet = ipywidgets.HTML(f"<style>{CSS % {'points': points}}</style>", layout={"display": "none"})
        self.box = ipywidgets.VBox([sheet, *children, self.names])
        self.box.add_class("course-panel")
        self.label = label

    def _ipython_display_(self):
        still = self.face._repr_mimebundle_()
        page = (f'{LOST}<div class="course-static">{still["text/html"]}'
                f"<p><em>{html.escape(self.label)}: the controls appear when you run this cell.</em></p></div>")
        display({"text/html": page, "text/plain": still["text/plain"]}, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        display({VIEW: view, "text/plain": ""}, raw=True)


def note(words: str) -> ipywidgets.HTML:
    """A quiet line of text."""
    line = ipywidgets.HTML(html.escape(words))
    line.add_class("course-note")
    return line


class Status(ipywidgets.HTML):
    """A line that screen readers speak when it changes."""

    def __init__(self):
        super().__init__()
        self.add_class("course-status")

    def say(self, words: str) -> None:
        """Show a plain sentence."""
        self.remove_class("course-wrong")
        self.value = html.escape(words)

    def fail(self, error: Exception) -> None:
        """Show what went wrong as a sentence, without a traceback."""
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        self.add_class("course-wrong")
        self.value = html.escape(f"{kind}{error}")
