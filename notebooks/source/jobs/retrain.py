# %% [markdown]
# # Job: retrain
# From a manifest of recordings to a registered version. The same parameters give the same version; a run that stops
# half-way leaves the champion and the registry as they were, as the version is registered last and in one step.

# %% tags=["parameters"]
seed = 0                         # the world
data = "launch"                  # a recipe, or a manifest: CSV with recording, label
kind = "default"                 # of recogniser
threshold = None                 # None: the charter's
folder = None                    # of the registry; None: the workspace's
alias = ""                       # "challenger", for release; "champion": the first

# %%
import json

import pandas as pd

from course_lib.cycle import bundle, lineage, manifest, scope
from course_lib.cycle.registry import Registry
from course_lib.cycle.train import recognizer
from course_lib.world.world import World

# %%
registry = Registry(folder)
registry.open_to(alias)          # no job replaces a champion: that takes the gate

# %% [markdown]
# ## Data

# %%
world = World(seed)
rows = manifest.rows(world, data)
X, y = world.features(rows), rows["label"].to_numpy(str)
pd.Series(dict(clips=len(rows), cards=len(set(y)), fingerprint=lineage.data(rows)))

# %% [markdown]
# ## Train, and measure on readers whom the model never heard

# %%
model = recognizer(kind).fit(X, y)

# %%
test = world.recordings("test")
right = model.predict(world.features(test)) == test["label"].to_numpy(str)
accuracy = float(right.mean())
round(accuracy, 3)

# %% [markdown]
# ## Save and register

# %%
if threshold is None:
    threshold = scope.charter().threshold
names = world.cards["name"].to_dict()
saved = bundle.save(model, threshold, names, registry.bundles,
                    about=lineage.about(seed, rows, kind))

# %%
number = registry.register(saved)
if alias:
    registry.open_to(alias)      # has somebody been quicker?
    registry.alias(alias, number)

# %% tags=["result"]
print(json.dumps(dict(number=number, version=saved.name, clips=len(rows),
                      data=lineage.data(rows), accuracy=round(accuracy, 4))))
