"""Every source keeps to the rules, and the committed notebooks are what the build makes of it."""
from course_lib.author import build, rules
from course_lib.author.source import learner, read
from course_lib.learn.check import source_of


def test_source_keeps_to_the_rules(source):
    script = read(source)
    faults = (rules.job_faults if script.job else rules.lesson_faults)(script, learner(script, source_of))
    assert not faults, "\n".join(faults)


def test_committed_notebooks_are_what_the_build_makes(capsys):
    assert build.main(check=True) == 0, capsys.readouterr().err


def test_the_course_begins_at_lesson_00():
    assert [path.stem for path in build.find(["00"])] == ["00_start_here"]
