# %% [markdown]
# # Job: score a batch
# Answers for many clips at once, from the champion: the same WAV reader, feature code and bundle as the service uses.
# A clip that cannot be used gets a row that says why, and the rest are answered.

# %% tags=["parameters"]
seed = 0                         # the world, where there is no champion yet
clips = ""                       # a folder of WAV files; "": the clips that ship
folder = None                    # of bundles; None: the workspace's
answers = ""                     # a CSV file for the answers; "": none is written

# %%
import json
from pathlib import Path

from course_lib.cycle import batch, bundle, launch
from course_lib.cycle.process import models

# %%
folder = Path(folder or models())
champion = bundle.load(launch.first_champion(folder, seed))
champion.version, champion.threshold

# %% [markdown]
# ## Answer

# %%
given = batch.answers(champion, batch.read(clips))
given.head()

# %%
if answers:
    given.to_csv(answers, index=False, lineterminator="\n")

# %% tags=["result"]
unusable = int((given["failure"] != "").sum())
print(json.dumps(dict(version=champion.version, clips=len(given), unusable=unusable)))
