# %% [markdown]
# # 06 · Deploy: is it safe to serve?
#
# The model is good, and Monday is launch day. The platform engineer has one last decision to make: **may this version meet
# users, and can we take it back if not?** A yes that was wrong shows thousands of people the wrong card, while every light
# on the dashboard is green. A no costs a week.
#
# In this lesson you pack a model so that it can move, serve it, watch a harmless-looking change ruin its answers without a
# single error, find the fault in the log, and build what must stand *before* launch: a gate, a way back, a way to retrain.

# %% [markdown]
# **After this lesson you can**
#
# - name what must be versioned together, and show it,
# - register a version, give it an alias, and say where it comes from,
# - follow one request from its id to the stage where it went wrong,
# - write a gate that stops a faulty version before users meet it,
# - reproduce a champion with a job, and drill the way back.
#
# **You need** lesson 00, pandas, and an idea of what a scikit-learn pipeline is. **Time**: 60-75 minutes; exercises 06.1 and
# 06.2 take 5 minutes each, 06.3 and 06.4 ten. Everything runs here: the service listens on this machine only.

# %% tags=["parameters"]
seed = 0

# %%
import numpy as np
import pandas as pd

from course_lib.cycle import bundle, jobs, lineage, replay, scope
from course_lib.cycle.registry import Registry
from course_lib.learn.check import check, hint, solution
from course_lib.learn.lesson import begin, decide, guess, reveal
from course_lib.lessons import deploy_challenger as challenger, deploy_live as live
from course_lib.lessons import deploy_panels as panels
from course_lib.lessons import deploy_skew as skew
from course_lib.world.world import World

begin("06", seed)
world = World(seed)

# %% [markdown]
# ## From a model to a bundle
# Here is the launch model, trained as in lesson 00: a **pipeline** of two steps. The first, the **preprocessor**, subtracts
# each feature's mean and divides by its spread, both learnt from the training clips. The second scores the cards.

# %%
from course_lib.cycle.train import recognizer

rows = world.recordings("train")
model = recognizer().fit(world.features(rows), rows["label"].to_numpy(str))
[name for name, step in model.steps]

# %% [markdown]
# Scores are not answers yet. A threshold decides whether to answer, and a table says which card belongs to a label. So the
# team never moves a model alone. It moves a **bundle**: one folder with what an answer depends on, written once, and
# named by a hash of its content (a short text; other content gives another). That name is its **version**. The registry, of which more below, says where bundles stand. The
# threshold comes from the **charter**, a file in which the team has written down its limits and prices (lesson 01).

# %%
registry = Registry()
threshold = scope.charter().threshold
names = world.cards["name"].to_dict()
saved = bundle.save(model, threshold, names, registry.bundles,
                    about=lineage.about(seed, rows))
sorted(file.name for file in saved.iterdir())

# %% [markdown]
# The model's file is written by skops, not by pickle. Whoever loads a pickle runs whatever code its author put into it; a
# skops file is read as data, and only types that skops or the team trusts may appear. Ask which others are in it:

# %%
from skops.io import get_untrusted_types

get_untrusted_types(file=saved / "model.skops")

# %% [markdown]
# None: this file may be loaded.
#
# ## Register it
# A **registry** is the team's list of versions. This one is MLflow on a small database in your workspace. It counts versions,
# keeps their **lineage** (what each was made of), and gives out **aliases**: the *champion* is the version that serves.
# The service follows the alias, so the version behind it can change. (The first use takes some seconds.)
#
# The team's champion has the reference model and threshold. Beside it stands **your version**: the model that you chose in lesson 04, taught
# the same rows, at the threshold that you kept last (00, 01 or 05). If it is another one, it becomes the *challenger*, which wants that place. (The list shows versions
# that have an alias: `registry.versions()` has all, also those of earlier runs of this lesson.)

# %%
number = registry.register(saved)
registry.alias("champion", number)
print(challenger.register(registry, seed, saved, rows))
registered = registry.versions().set_index("bundle")
registered.loc[registered["aliases"] != "", ["aliases", "data", "code", "charter"]]

# %% [markdown]
# The line above the table says which version is yours ("the course's": you decided nothing yet) and how many of 200 clips of test readers get another answer by it, if it is another one.
#
# The last three columns are fingerprints: of the list of clips with their labels, of the code that trains (as it is at registration), of the charter that set the
# threshold. If any changes, so does its fingerprint: the answer to "which data was that?"
#
# ## What does a restore need?
# Somebody asks for last March's version. The team finds the model's weights, but not all of its parts. To see what that does,
# there are 200 **probes**: clips of five readers, recorded with consent, whose answers were noted in March. Of those 200, how many get
# another answer if only the preprocessor was lost, so that features go into the model unscaled?

# %% tags=["guess"] solved={"changed": 20}
guess("06.1", changed=None, between=(0, 200))

# %% tags=["reveal"]
skew.every_part(seed).figure

# %% [markdown]
# The threshold was set to .7 by somebody who did not know it had been .5. The card table is today's, in which two figures have
# passed to others. One reader's clips were deleted, and the model was trained without them. In the last row nothing was
# lost, and the model was trained again: not one answer moves.
#
# How many changed answers would you accept and still call it last March's version? Move both controls.

# %%
panels.restore_panel(seed)

# %% [markdown]
# **Exercise 06.1.** Which of these eight must be kept so that a stored version *answers* as it did? `"model"`,
# `"preprocessor"`, `"threshold"`, `"card table"`, `"feature code"`, `"training rows"`, `"random seed"`, `"request log"`.
# Write a set of texts, such as `{"model", "request log"}`. If you are stuck: `hint("06.1")`, then `solution("06.1")`.

# %%
# exercise: 06.1
needed = check("06.1", needed)

# %% [markdown]
# That is why a bundle holds four of them, and of the feature code its version: other code refuses to load it. And rows, seed and code stand in the lineage: with them you could not only
# restore the version but *build* it again. You will, at the end.
#
# ## Serve it
# The service is a process of its own, reached over HTTP. It ends when this notebook's kernel ends. (`course serve` starts the
# same from a terminal.) It takes some seconds to start, and the clips to be made.

# %%
from course_lib.cycle.process import start

service = start()
clips, bodies = live.probes(seed)
answer = service.recognize(bodies[0], clips["device"][0])
answer

# %% [markdown]
# A WAV file went in. Out came a card, or "sorry", with the confidence, the **version** that answered, a **request id**, and
# milliseconds. The service had written the same id into its log before it answered. Look it up:

# %%
log = service.log().set_index("request_id").round(4)
log.loc[answer["request_id"], ["device", "decision", "confidence", "version"]]

# %% [markdown]
# Another column, `features`, keeps the whole **feature vector**, all 468 numbers. The log keeps no audio: for that the charter
# asks for consent (an optional section at the end is about it). Hold on to that vector; today it is worth more than the confidence.
#
# The service also reports on itself: a health check for the machine that restarts it, and counters that Prometheus, a
# monitoring system, collects.

# %%
counters = service.http.get("/metrics").text.splitlines()
health = service.get("/healthz")
health["ready"], [line for line in counters if line.startswith("requests_total")]

# %% [markdown]
# ## A rewrite, for speed
# On Friday a colleague of the platform team makes the service leaner: it is to scale the features itself, in its first
# step, before the model sees them. The unit tests pass; the model's weights are the same to the last bit; the notebook that
# scores the test set is not touched. The new version is registered and becomes the champion.

# %%
second = live.ported(registry, number)
champion = registry.bundle("champion").name
live.follow(service, champion)
registered = registry.versions().set_index("bundle")
registered.loc[[saved.name, champion], ["aliases", "threshold", "data", "code"]]

# %% [markdown]
# The running service has followed the alias, without a restart. Lineage says: same data, same threshold, same code. (The code
# that *trains*: what serves has no column.)
#
# ## Thousands of requests
# Now 2,000 requests of a few busy users, from several connections at once. The charter allows 80 wrong cards in 1,000, and on
# the training path the model stays well below. How many wrong cards in 1,000 does the service send?

# %% tags=["guess"] solved={"wrong_cards": 40}
guess("06.2", wrong_cards=None, between=(0, 1000))

# %%
requests, sent = live.traffic(seed)
answers = replay.send(service, sent, requests)
log = live.logged(service, answers)
len(log), int(log["failure"].notna().sum())

# %% [markdown]
# Two thousand answers with status 200, and not one failure. Here is the dashboard: what the team sees of the same requests on
# the training path, and what the service did.

# %%
dashboard = pd.DataFrame({"promised": live.promised(seed), "served": live.seen(log)})
dashboard.round(2)

# %% [markdown]
# Fewer users hear "sorry?", and the model is surer of itself than promised. On this evidence, would
# you have signed? Now what no dashboard shows: what the users had meant.

# %% tags=["reveal"]
live.judged(seed, log).figure

# %% [markdown]
# Nothing crashed, no request failed, and both numbers of the dashboard *improved*. When inputs are made otherwise in production than in
# training, that is **training-serving skew**. It has no error message, and the test score did not see it: it scored the model that was trained, not the version that serves.
#
# ## Log and replay
# Follow the probes on both paths. The service logged its features and its scores; the training code can compute the same. Between a clip and its scores lie **stages**; each can be compared.
#
# **Exercise 06.2.** Given are two dicts, `served` and `trained`, from the name of a stage to an array of numbers, in the order in
# which they are computed. Return the name of the **first** stage in which any number differs by more than .01, or `None`.
# (A WAV file rounds to 16 bits, so tiny differences are innocent.) For example:

# %%
example = {"clip": np.array([.1, .2]), "features": np.array([3., 5.])}
rounded = {"clip": np.array([.1, .2001]), "features": np.array([3., 7.])}
# first_difference(rounded, example) is "features"

# %%
# exercise: 06.2
first_difference = check("06.2", first_difference)

# %% [markdown]
# Now the real ones. `paths` sends the 200 probes to the service, reads their log, and computes the training path. (What went into the classifier is
# computed from the logged features, by the served bundle.)

# %%
there, here = live.paths(seed, service)
replay.differences(there, here).round(3)

# %% [markdown]
# The features agree, up to rounding, so WAV reader and feature code are innocent. (The microphone is not tested: both paths start from the same clip.) What goes *into the classifier*
# does not agree. The fault lies between these two: in the scaling.
#
# **Exercise 06.3.** Which columns? Given are two tables, `served` and `replayed`: a row a request with its id as the index, a column a
# number. The rows of the two are *not* in the same order. Return the list of the columns in which any request differs by more than .01.

# %%
into = dict(index=clips["id"], columns=[f"x{i}" for i in range(468)])
served = pd.DataFrame(there["into the classifier"], **into)
replayed = pd.DataFrame(here["into the classifier"], **into).sort_index()
served.iloc[:3, :4].round(2)

# %%
# exercise: 06.3
skewed_columns = check("06.3", skewed_columns)
columns = skewed_columns(served, replayed)
len(columns)

# %% [markdown]
# So many columns: it is not one broken sensor; something was done to all of them alike. On the training path each column loses
# its mean once and is divided by its spread once. Suppose that the service does it twice. Then scaling the training path's
# numbers once more gives what the service fed to the model (up to .1: scaling twice enlarges the rounding):

# %%
scaler = model.named_steps["scale"]
again = scaler.transform(here["into the classifier"])
bool(np.allclose(again, there["into the classifier"], atol=.1))

# %% [markdown]
# True: they agree. The colleague's first step normalises, and so does the pipeline's own: **the normaliser is applied twice**. Each part
# is right, tested and fast; together they are wrong. The new bundle holds both steps, for whoever asks:

# %%
[name for name, step in bundle.load(registry.bundle("champion")).model.steps]

# %% [markdown]
# ## Back, at once
# Mitigate first, then repair. The way back is an alias: the champion before this one becomes the champion again. A way
# back that was never tried is a hope, so drill it now, while four clients keep asking.

# %% tags=["nbval-ignore-output"]
drill = live.drill(registry, service, second, bodies[0])     # measured here
drill[["within a second", "versions that answered", "failed requests"]]

# %% [markdown]
# Requests under way finished with the version they had begun with, and the next ones met the old one. This is MLOps at its plainest: a
# release is a pointer, and moving it back is cheap *because* versions are never changed after they are written.
#
# ## A gate before users
# The fault was there to be seen before any user met it. The check is cheap: send probes through the **running service** and compare each answer
# with the training path's. It needs no labels, as both answer the same clips. How many probes does it take?
#
# Choose a faulty version: the normaliser of the pilot (fitted on the first two readers), the one applied twice, a threshold of .7 instead
# of .5; or a sound one. Then choose how many probes are sent and how many may differ.

# %%
panels.gate_panel(seed)

# %% [markdown]
# Twenty probes stop a gross fault. The pilot's normaliser changes few answers, and ten probes often let it through; two hundred
# never do if none may differ. Each difference that you allow is a fault that may pass. Up to rounding, a sound version passes whatever you
# choose: a comparison of *paths* gives no false alarm by chance, which a comparison of scores does. What it misses depends on the probes.
#
# **Exercise 06.4.** Write the gate. Given are `probes`, a table with the columns `device`, `expected`, `served` (answers on the two paths) and
# `ms`, and `limit`, the charter's milliseconds. Return True if at most 1% of all probes differ, at most 5% on *any* device, and
# the 95th percentile of `ms` is at most `limit`.

# %%
probes = live.smoke_test(seed, service)
probes[["device", "expected", "served"]].head(3)

# %%
# exercise: 06.4
ready = check("06.4", ready)

# %% [markdown]
# Try it on both versions: the sound one, whose smoke test you just saw, and Friday's, which becomes the champion once more for it.

# %%
limit = scope.charter().p95_ms
registry.alias("champion", second)
live.follow(service, registry.bundle("champion").name)
faulty = live.smoke_test(seed, service)
registry.rollback()
differ = [int((t["served"] != t["expected"]).sum()) for t in (probes, faulty)]
passed = [ready(probes, limit), ready(faulty, limit)]
pd.DataFrame(dict(differ=differ, ready=passed), index=["sound", "ported"])

# %% [markdown]
# Your gate would have stopped Friday's version in a few seconds. In many teams it runs by itself whenever a version is to become the champion.
#
# ## Before launch: can you build it again?
# In lesson 00 you saw what four weeks without an update path cost. So the path is built and tried out now. It is a notebook without a
# learner, `jobs/retrain`: papermill runs it with parameters, and the executed copy, with all its inputs and outputs, is the
# **audit record**. Above, training again *in this notebook* moved no answer. Now a job that has not seen your
# model does it, in a process and a folder of its own. Of the 200 probes, how many will get the same answer?

# %% tags=["guess"] solved={"same": 180}
guess("06.3", same=None, between=(0, 200))

# %%
record = jobs.run("retrain", registry.folder / "records", seed=seed,
                  data="launch", folder=registry.folder / "again")
result = jobs.result(record)
again = registry.folder / "again" / "bundles" / result["version"]
{"same number": registry.register(again) == number,
 "same version": again.name == saved.name}

# %% [markdown]
# The job knew nothing of your model. Its bundle has the same hash, so it *is* the same version, and your registry knows its number. Now load both folders, and let
# both models answer. `largest gap` is the most by which a probability differs; beside it a model that learnt without the first reader:

# %% tags=["reveal"]
compared = live.gaps(seed, saved, {"again": again}, without=rows)
display(compared.round(2))
reveal("06.3", same=live.same_answers(seed, saved, again))

# %% [markdown]
# Every answer is the same. That is not luck: rows, code and libraries are the same, and nothing random is left
# without a seed. (On another processor last digits, and so the hash, may differ.) And if the job dies half-way? The version is registered last, in one step. A killed job leaves the old champion
# serving and the registry whole; the course's tests kill it and look.
#
# The next job is the nightly **batch**: it answers many clips at once, for reports. It must say what the service says.

# %%
out = registry.folder / "batch.csv"
record = jobs.run("score_batch", registry.folder / "records",
                  seed=seed, clips=live.archive(seed), answers=out)
jobs.result(record)["clips"], jobs.result(record)["unusable"]

# %%
batch = pd.read_csv(out).set_index("id")["decision"]
online = pd.Series(probes["served"].to_numpy(), index=clips["id"])
int((batch.loc[online.index] != online).sum())

# %% [markdown]
# Not one decision differs, because the job imports the *same* WAV reader, feature code and bundle as the service. Two codes that
# ought to do the same are the seed of the next skew. Note how the two were joined: by id, not by position.
#
# ## Sign, or do not
# All evidence on one page. The version on trial is the one that you registered first, which serves again.

# %% tags=["nbval-ignore-output"]
evidence = pd.Series({                         # the second is measured here
    "smoke test passed": ready(probes, limit),
    "rolled back within a second": drill["within a second"],
    "rolled back without a failure": drill["failed requests"] == 0,
    "retraining reproduces": (compared.loc["again"] == 0).all(),
    "batch agrees with online": bool((batch.loc[online.index] == online).all())})
decide("launch", "go" if evidence.all() else "no go")
evidence

# %% [markdown]
# ## Quiz
# Five questions, by mouse or keyboard, and two that come back from earlier.

# %%
from course_lib.learn.quiz import quiz

quiz("06")

# %% [markdown]
# ## What you have learnt
# - A version is all that lies between a clip and its answer: model, preprocessor, feature code, threshold, card table.
# - Status 200, low latency and high confidence do not show that answers are right.
# - Skew is found by the same clip on both paths; the first stage that differs holds the fault.
# - A gate compares paths, slices and the slow tail before users do.
# - The way back and the way to retrain are part of the launch. A way that was never tried is a hope.

# %% [markdown]
# **What this does not prove.** The probes found a fault that touches every clip. A fault that needs a rare phone, a full disk or a
# long night shows only in traffic; lessons 07 and 08 are about that. And a faithful copy of a bad model is still a bad model.
#
# **A judgement question** without a single answer: the gate fails on one of three devices, ten minutes before a launch that has been
# announced. The other two devices are fine. Do you launch for them? Who is told?
#
# **Two interview questions this lesson answers**: *"What is training-serving skew, and how do you find it?"* and *"Can you rebuild last
# March's model? What must be versioned?"*

# %% [markdown]
# ## Optional: what the service refuses
# Users send silence, photographs and whole songs; some send them ten times a second. A service stays up by saying no early: it limits sizes,
# checks the content, waits only so long for a slow sender, and with too many requests at once answers 503, "try again",
# instead of letting all wait. That is **back-pressure**. Six bodies that nobody should send:

# %%
live.refused(service)

# %% [markdown]
# No body reached the model. Each got its error in words, and with it a `hint` (not shown) that says what to do. None is a 500, which would mean that the *service* is at fault.
#
# **Exercise 06.5.** What should a client do next? Given is a status: 200 (answered), 400 (not usable), 408 (sent too slowly), 413 (too large), 422
# (malformed) or 503 (busy). Return `"done"`, `"retry"` (send the same again, a little later) or `"mend"` (the same would be refused again).

# %%
# exercise: 06.5
after = check("06.5", after)
service.stop()

# %% [markdown]
# ## Optional: clips that you may listen to
# Whether an answer was right, only a listener can say, and the log holds no audio. A service can keep some: if it was started with a folder
# for it, and only where a request says that its user agreed (the header `x-consent`). The folder holds 20 MB at most; then the oldest
# clips go. Twenty requests, of which every fourth user agreed:

# %%
audio, asked = live.listen_later(bodies)
asked.groupby("consent")["kept"].agg(["size", "sum"])

# %% [markdown]
# Consent can be taken back. A file is named by its request, so it is found: `audio.forget([request_id])` deletes it.
#
# May such clips stand for all? People say yes to what works for them. In our world we let half of those agree whose first week went well
# (at most 1 in 10 answers bad: a wrong card or a needless "sorry?"), and one in ten of the others. Then we listen to all clips of the
# next four weeks that may be heard:

# %%
from course_lib.lessons import deploy_consent as consent

consent.flattering(seed).figure

# %% [markdown]
# Ask many times, and on average bad answers are at most nine tenths as frequent in the clips that may be heard as in all. More of the same
# clips would not mend that: the sample is **biased**, not small. Can you notice it? Some things the log knows of everybody, such as "sorry?":

# %%
after_asking = consent.consents(seed)
refusals = after_asking["decision"] == "sorry"
refusals.groupby(after_asking["consent"]).mean().round(3)

# %% [markdown]
# Where the two differ by more than chance (an interval over voices says so), those who agreed are not like the rest, and their audit is no estimate for all. Where they agree, that proves nothing. It still shows *what* goes wrong. For
# *how often*, use signals that everybody leaves behind (lesson 08), or weights (lesson 02).
