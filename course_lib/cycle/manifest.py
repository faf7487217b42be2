"""Which clips a model is trained on, as something that can be written down: a recipe's name, or a table of takes and labels."""
from pathlib import Path
from typing import Callable

import pandas as pd

from course_lib.world import recorded
from course_lib.world.world import World

COLUMNS = ("recording", "label")
RECIPES: dict[str, Callable[[World], pd.DataFrame]] = {
    "launch": lambda world: world.recordings("train"),
    "launch and new names": lambda world: world.recordings("train", wave=1),
    "launch and new market": lambda world: pd.concat([world.recordings("train"), world.recordings("train", market=True)]),
    "launch and noisy": lambda world: pd.concat([world.recordings("train"), world.recordings("train", condition="noisy")]),
}


class ManifestError(ValueError):
    """A manifest from which nothing can be trained; the message names the first fault."""


def rows(world: World, data: str | Path) -> pd.DataFrame:
    """Training rows, from the name of a recipe or the path of a manifest.

    Parameters
    ----------
    data : a name of `RECIPES`, or a CSV file with the columns recording (take number) and label (card)

    Returns
    -------
    DataFrame with at least recording, level_db (so that `world.features` takes it) and label

    Raises
    ------
    ManifestError
        No such recipe or file, a column that lacks, an unknown take or card, a take that has two labels.
    """
    if data in RECIPES:
        return RECIPES[data](world)
    path = Path(data)
    if path.suffix != ".csv":
        raise ManifestError(f"data is {str(data)!r}; a CSV file or one of the recipes {', '.join(map(repr, RECIPES))} is expected")
    return _checked(world, _read(path), path.name)


def write(rows: pd.DataFrame, path: Path) -> Path:
    """Write training rows as a manifest, in order of their takes; the same rows give the same bytes."""
    lost = [column for column in COLUMNS if column not in rows]
    if lost:
        raise ManifestError(f"the rows have no column {', '.join(lost)}; {' and '.join(COLUMNS)} are expected")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows[list(COLUMNS)].sort_values(list(COLUMNS)).to_csv(path, index=False, lineterminator="\n")
    return path


def _read(path):
    try:
        found = pd.read_csv(path, dtype={"label": str}, encoding="utf-8")
    except FileNotFoundError:
        raise ManifestError(f"the manifest {path.name} is not there; write it again, or name a recipe") from None
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise ManifestError(f"the manifest {path.name} cannot be read as a table: {error}") from None
    lost = [column for column in COLUMNS if column not in found]
    if lost or found.empty:
        raise ManifestError(f"the manifest {path.name} has no {'column ' + ', '.join(lost) if lost else 'rows'}; "
                            f"{' and '.join(COLUMNS)} are expected")
    return found


def _checked(world, found, name):
    takes = world.pool.takes
    numbers = pd.to_numeric(found["recording"], errors="coerce")
    faults = [(~numbers.isin(takes.index), "recording", "is not a take of this world"),
              (~found["label"].isin(world.cards.index), "label", "is not a card"),
              (found["recording"].duplicated(keep=False) & ~found.duplicated(keep=False), "recording", "has two labels")]
    for wrong, column, words in faults:
        if wrong.any():
            line = int(wrong.to_numpy().argmax())
            raise ManifestError(f"the manifest {name}, row {line + 2}: {column} {found[column].iat[line]} {words} ({int(wrong.sum())} such rows)")
    found = found.assign(recording=numbers.astype(int)).drop_duplicates()
    return found.assign(level_db=recorded.bank(world.pool).level_db[found["recording"]])
