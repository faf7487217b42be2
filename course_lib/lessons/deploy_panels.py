"""What lesson 06 shows with controls: what a restore needs, and what a gate of probes stops."""
from functools import partial

from course_lib.learn import plots
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import deploy_skew

SURE = .95                                              # of launches that a gate must stop


def restored_or_not(seed: int, lost: str, allowed: int):
    """A figure of the answers that change by the part that was lost, the allowance marked, and the verdict in words."""
    found = deploy_skew.every_part(seed)
    changed = found.data[lost]
    verdict = "it answers as before" if changed <= allowed else "it is another version"
    ax = plots.bars(plots.axes(), [f"lost: {part}" for part in deploy_skew.PARTS], [found.data[part] for part in deploy_skew.PARTS],
                    unit=f"answers that change, of {deploy_skew.PROBES} probes", finding=f"Lost: {lost}; {changed} answers change, {allowed} may: {verdict}")
    ax.axvline(allowed, color="black", linestyle="--")
    return ax.figure, f"lost: {lost}. {changed} of {deploy_skew.PROBES} answers change, {allowed} may: {verdict}"


def restore_panel(seed: int):
    """Which part was lost and how many answers may change; the verdict follows."""
    return explore(partial(restored_or_not, seed), lost=Choice("lost", list(deploy_skew.PARTS)), allowed=Slider("may change", 0, 40, 2, 1))


def gate_or_not(seed: int, kind: str, count: int, allowed: int):
    """A figure of the gate's chance by the number of probes, and the decision in words."""
    found = deploy_skew.gate(seed, kind, count, allowed)
    if kind == deploy_skew.SOUND:
        decision = "the version is released" if found.value < 1 - SURE else "a sound version is held up"
    else:
        decision = "it does not reach users" if found.value >= SURE else "it may reach users"
    words = f"{count} probes, {allowed} may differ: “{kind}” is stopped in {100 * found.value:.0f} of 100 launches; {decision}"
    return found.draw(plots.axes()).figure, words


def gate_panel(seed: int):
    """The fault, the number of probes and the allowance; the gate's chance and the decision follow."""
    kinds = [deploy_skew.PILOT, deploy_skew.TWICE, deploy_skew.LATER, deploy_skew.SOUND]
    return explore(partial(gate_or_not, seed), kind=Choice("version", kinds), count=Slider("probes", 5, 200, 10, 5),
                   allowed=Slider("may differ", 0, 10, 0, 1))
