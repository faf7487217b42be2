# %% [markdown]
# # 07 · Release: how does a new version meet its users?
#
# On Monday a new version lies in the registry. It passed its tests. You are the engineer who releases it, and the product manager
# asks: **to whom first, for how long, and when do we go back?** Release to everybody at once, and a bad version hurts everybody. Wait
# for certainty, and you may wait for years.
#
# In this lesson you release good and bad versions of the product in three ways, on a running service, and count who is hurt.

# %% [markdown]
# **After this lesson you can**
#
# - release by shadow, canary and blue-green, and say what each can and cannot find,
# - put devices into a canary so that each always meets one version,
# - compute how long a canary must run, and notice when that is too long,
# - say why daily looks at a test ring falsely, and choose a limit that allows them,
# - drill a rollback under load, and recognise the case in which it does harm.
#
# **You need** lesson 00; 06 helps. **Time**: 50-65 minutes; exercises take 5-8 minutes each. The first cells take some seconds.

# %% tags=["parameters"]
seed = 0

# %%
import numpy as np
import pandas as pd

from course_lib.learn.check import check, hint, solution
from course_lib.learn.lesson import begin, decide, guess, reveal
from course_lib.lessons import release_panels as panels
from course_lib.lessons import release_queue as queue
from course_lib.lessons import release_trials as trials
from course_lib.lessons.decided_release import canary_share, launched
from course_lib.lessons.release_workers import one_and_two

begin("07", seed)

# %% [markdown]
# ## Three ways
# The version that serves is the **champion**; the one that wants its place is the **challenger**.
#
# - **Blue-green**: everybody gets the challenger at once. The champion stays loaded beside it, so the way back is short.
# - **Canary**: a small share of devices gets the challenger; the rest is what it is compared with.
# - **Shadow**: the challenger answers every request, too, but nobody sees its answers. They go to the log.
#
# This is MLOps: the way is a *setting of the running service*, not a new installation. The next cell starts a service with a champion
# and saves two challengers, both worse than they look: one learnt from half the readers, one was trained on other features.
# If you stopped the launch in lesson 06 ("no go"), the champion must pass twenty probes first.

# %%
service, versions = panels.serve(seed)
print(launched(service, panels.bodies(seed)))
list(versions)

# %% [markdown]
# ## In the shadow
# One line changes how the service behaves, within a second. Then 40 devices send a request each, over HTTP. Their users
# see the champion's `decision`; `decision_unseen` is what the challenger would have said.

# %%
panels.switch(service, "shadow", versions["half the readers"])
log = panels.send(service, seed, 40, versions)
both = panels.shadows(service, log)
both.head(4).round(2)

# %%
pd.Series({"answered": len(both),
           "answers differ": int((both["decision"] != both["decision_unseen"]).sum())})

# %% [markdown]
# Nobody was hurt, and you know where the two disagree. You do not know yet who is right: a listener must judge. Only the
# disagreements need judging, because where both say the same, both are equally right. Keep that; it will turn out to be
# the strongest tool of this lesson.

# %% [markdown]
# ## A canary, and a bug
# A canary needs a rule that says who is in it. The team's first rule used Python's `hash`: a device is in when
# `hash(...) % 100 < 10`. On the developer's machine it worked. A service may have several processes. Here is what two of them do
# with 400 devices:

# %%
panels.two_processes("hash")

# %% [markdown]
# Look at the second row. Those devices get the challenger from one process and the champion from the other: their users see the
# product change its mind, and no comparison is clean. The cause: Python salts `hash` with a new random number in every
# process, as a defence against attacks.
#
# **Exercise 07.1.** Write `bucket(device, salt)`, a number from 0 up to 1 that is the same in every process. Given are two
# texts, such as `"u017"` and `"release-1"`. Take the SHA-256 of the text `salt/device` (here `"release-1/u017"`) as hexadecimal
# digits, `hashlib.sha256(text.encode()).hexdigest()`; the first eight, read as a number, divided by 16**8.

# %%
# exercise: 07.1
bucket = check("07.1", bucket)

# %%
devices = [f"u{n:03d}" for n in range(400)]
share = np.mean([bucket(device, "release-1") < .10 for device in devices])
pd.Series({"share in the canary": share})

# %% [markdown]
# The service has the same function, `release.bucket`. Once more the two processes, with the new rule:

# %%
panels.two_processes("sha256")

# %% [markdown]
# The share is near 10% and not exactly that: 400 devices are a sample. And no device meets both versions any more. The
# **salt** names the release; the next one gets another salt, so that it does not hit the same people first.
#
# What does the service hash? A request's user id (the header `x-user`; here each user has one device). Without one it takes the *kind* of device
# (`x-device`), which puts all watches into the canary or none. A request with neither gets the champion.
#
# ## The canary lives
# Now the worst challenger: it was trained on other features and cannot read what this service computes. It goes to 10% of
# the devices; 120 of them send a request.

# %%
panels.switch(service, "canary", versions["other features"], share=.10)
log = panels.send(service, seed, 120, versions)
failed = log["failure"].str.split(" failed: ").str[-1].fillna("none")
failed.groupby(log["version"]).value_counts()

# %% [markdown]
# These are the versions that answered. The challenger failed on every request that it got, and yet each user has an answer: this service falls back to the champion and
# writes a `failure` into the log. Many services have no such net, and there users would have seen an error. Either way, the
# first minutes are enough to know. **Back** is one line:

# %%
panels.switch(service, "off")
service.get("/healthz")["mode"]

# %% [markdown]
# ## How long for one point?
# A crash is loud. What if the challenger is merely worse by **one point**: of 100 requests, one more is answered badly? By *badly* we
# mean a wrong card or a needless "sorry?". A canary of 10% runs on this product while it is small: some 260 requests a day from 400 devices (from lesson 08 on it has fifty times as many).
# After how many days is it clear that the challenger is worse?
#
# *Clear* means: if it is worse, we notice in 9 cases of 10 (the **power**); if it is not, we ring the alarm all the same
# in 1 case of 20 (the **level**).

# %% tags=["guess"] solved={"days": 60}
guess("07.1", days=None, between=(1, 100000))

# %% tags=["reveal"]
long = trials.waiting(seed)
reveal("07.1", days=round(long.value))
long.figure

# %% [markdown]
# More than a year, on most seeds several, and even that is too little: it takes the
# clustering of four weeks, and later weeks bring the same devices again. A canary catches what is loud; one point of error is lost in chance. Where does the number come from?
#
# ## The arithmetic
# Let `b` be the champion's error rate and `w` the challenger's. The requests that a small canary needs are about
#
# $$ n = \left( \frac{1.645\,\sqrt{b(1-b)} + 1.282\,\sqrt{w(1-w)}}{w-b} \right)^2 $$
#
# The roots say how far errors scatter. 1.645 buys the level of 1 in 20, 1.282 the power of 9 in 10. The difference stands below,
# squared: half the difference takes four times the requests. For 5% against 6%:

# %%
b, w = .05, .06
roots = 1.645 * np.sqrt(b * (1 - b)) + 1.282 * np.sqrt(w * (1 - w))
n = (roots / (w - b)) ** 2
needed = pd.Series({"canary requests": n, "of all traffic, at 1%": n / .01})
needed.round(-1).astype(int)

# %% [markdown]
# About 4,400 for the canary; with 1% of traffic, over 430,000 requests must pass in all. And that still assumes that requests are independent.
# They are not: they come in **devices**. A speaker in a noisy kitchen fails again and again.

# %%
usual = trials.usual(seed)
by_device = usual.groupby("device")["error"].agg(["size", "mean"])
by_device[by_device["size"] >= 20]["mean"].describe()[["min", "50%", "max"]].round(2)

# %% [markdown]
# Same champion, same weeks: some devices hardly ever fail, others often. The **design effect** says how many times more requests one needs
# because of that (Kish, 1965). Sum the surplus of errors device by device, square, and compare with what chance would give:

# %%
rate = usual["error"].mean()
surplus = (usual["error"] - rate).groupby(usual["device"]).sum()
effect = (surplus**2).sum() / (len(usual) * rate * (1 - rate))
by_lot = trials.clustering(seed, shuffled=True).value
pd.Series({"design effect": effect, "errors dealt out by lot": by_lot}).round(1)

# %% [markdown]
# Deal the same errors out to devices by lot, and the effect is about 1: it is the devices, not the errors.
#
# **Exercise 07.2.** Write `days(base, worse, effect, share, per_day)`: how many days must a canary run? `base` and `worse` are error rates,
# `effect` is the design effect, `share` of `per_day` requests goes to the canary. Use the formula above. Example:
# `days(.05, .06, 1, .01, 10_000)` is about 44.

# %%
# exercise: 07.2
days = check("07.2", days)

# %%
per_day = len(usual) / usual["day"].nunique()
needed = {f"{points} more in 100": days(rate, rate + points / 100, effect, .1, per_day)
          for points in (1, 3, 10)}
pd.Series(needed).round().astype(int)

# %% [markdown]
# Your numbers, for our product. They are about a tenth below those of the figure, which counts the chance in the compared group, too.
#
# ## Plan a canary
# Move the three controls. Which differences can a canary of this product decide at all? Try one point first, at any share and
# length; then ten points at 10%.

# %%
panels.plan_panel(seed)

# %% [markdown]
# More weeks soon stop helping: the same devices come again, and the curve goes flat. So the days computed above are a least. More *devices* help, and so does looking for larger faults. With
# one point no setting here decides. That is not a failure of yours; it is the size of the product; with fifty times the devices it would take weeks. So what else finds one point?

# %% [markdown]
# ## One bad version, three ways
# Eight weeks of trial in the simulated world. Somebody looks each evening: at requests that failed (three ring), and at errors, all known by then
# (generous!). *One point worse* is the champion with a higher threshold: where the two differ, it nearly always loses.
# In the shadow a listener judges at most 20 disagreements a day. First the crash: a version that gives no answer on
# smart speakers, in a service without a net.

# %%
trials.each_way(seed).figure

# %% [markdown]
# The crash is found within days, mostly on the first, by each way. Who pays differs: with blue-green nearly all who used a smart speaker that day, with the canary a few
# of them, in the shadow nobody. Now all three faults; NaN: eight weeks were not enough.

# %%
names = {"found": "found on day", "users": "users harmed"}
table = trials.trials(seed).rename(columns=names)
table.pivot(index="fault", columns="way", values=["found on day", "users harmed"])

# %% [markdown]
# Read the row *one point worse*. It is reliably found only in the shadow, within two weeks: there both versions answer the *same* request, so differences between
# devices cancel, and each listen goes where the two disagree. (A version that also wins here and there needs more.) But a shadow cannot see what users do with an answer, nor
# who leaves because it is late (an optional section at the end shows that). That is what the canary is for.
#
# Canaries may be lucky: if yours found the one point, look again with another seed. And with some 40 devices they can miss even a
# large fault.

# %% [markdown]
# ## May we peek?
# "Let us look every day and stop when it is significant." A test of a version against itself is called an **A/A test**: nothing differs,
# so each ring is false. We divide the devices 400 times into 10% and 90%, both get the champion, and we look daily for
# four weeks, from day 7 on. The level promises 5 rings in 100.
#
# The team counts each request as independent and looks for an error rate that is clearly higher. Of 100 such tests, how
# many will ring at least once?

# %% tags=["guess"] solved={"alarms": 10}
guess("07.2", alarms=None, between=(0, 100))

# %% tags=["reveal"]
peek = trials.peeking(seed)
reveal("07.2", alarms=round(peek.value))
peek.figure

# %% [markdown]
# Two mistakes add up. Looking daily gives chance many chances to look like a fault. Counting requests instead of
# devices makes every look too sure. Count devices and look once, and the promise holds.
#
# At a look, the **score** says how many standard errors the canary's error rate is above that of the rest. For one look
# the limit is 1.645.
#
# But in operations one *must* look daily: someone may be hurt. Then the limit must pay for the looks (Pocock, 1977). Find it by
# simulation: let 20,000 scores grow by chance, keep the highest of each, and take the value that one in twenty passes.

# %%
rng = np.random.default_rng(seed)
looks = np.arange(1, 29)
scores = rng.standard_normal((20_000, 28)).cumsum(axis=1) / np.sqrt(looks)
limit = np.quantile(scores.max(axis=1), .95)
round(limit, 1)

# %%
trials.false_alarms(seed, daily=True, by_device=True, score=float(limit))

# %% [markdown]
# Instead of 1.645 the score must pass about 2.4, and false alarms are rare again (rarer than 5 in 100: the limit pays for 28 looks, and we begin on day 7). The price: a true difference needs longer to show.
# (Tests that allow a look at any time exist as well: sequential tests, since Wald, 1945.)
#
# ## Busy is slow
# A canary also answers another question: does the challenger hold the load? Suppose the product has grown, and one **replica** (one copy of the service) needs 10 ms
# for a request, and requests arrive by chance. At a **utilisation** of 60% (it works 60% of the time), the slowest 5 of 100
# wait about 50 ms or more. How many milliseconds is this p95 at 95%?

# %% tags=["guess"] solved={"p95": 80}
guess("07.3", p95=None, between=(0, 100000))

# %% tags=["reveal"]
busy = queue.busier(seed)
reveal("07.3", p95=round(busy.value * busy.data["60"]))
busy.figure

# %% [markdown]
# The work did not change; the waiting did. When a replica is hardly ever free, each chance crowding leaves a queue that
# takes long to empty. If requests came evenly, like a metronome, and each took the same time, there would be no queue at 95% either:

# %%
round(queue.busier(seed, even=True).value, 1)        # times as long as at 60%

# %% [markdown]
# Users come in bursts, too: a name is on television, and for two seconds of a minute there is twice or three times the
# traffic. The charter promises 95 of 100 answers within 150 ms. How many replicas do you need?

# %%
panels.replicas_panel(seed)

# %% [markdown]
# Start with 80 requests/s and bursts of twice the traffic: one replica breaks the promise, two hold it with room to spare, although one
# is only 80% busy *on average*. But there each replica has a processor of its own. In this service a replica is a worker process (`course serve --workers 2`);
# workers share port, settings, log, and *this machine*. So measure: the next cell starts a second service, with two workers, and loads both in turns,
# three rounds of one second each. Eight connections ask again as soon as they have their answer.

# %% tags=["nbval-ignore-output"]
one_and_two(seed, service)     # measured here: the sender's clock, the log

# %% [markdown]
# The second service is stopped again. Whether another worker pays is a property of your machine: measure it where you serve. Several machines
# need a log that they share: `--log` takes the address of a PostgreSQL database.
#
# **Exercise 07.3.** Each worker reports its own times. What is the p95 of the *service*? Given is a dict: name of a worker -> Series of
# milliseconds, not all equally long. Below is the team's dashboard, which takes the mean of the p95s. Return the right one.

# %%
workers = {"a": pd.Series(np.full(900, 8.0)), "b": pd.Series(np.full(100, 80.0))}
np.mean([times.quantile(.95) for times in workers.values()])

# %%
# exercise: 07.3
p95_of_all = check("07.3", p95_of_all)

# %%
p95_of_all(workers)

# %% [markdown]
# One request in ten takes 80 ms, so the slowest 5 of 100 do. The mean of the p95s said 44 ms, a time that nobody had.
#
# ## The rollback drill
# A way back that was never walked is a hope. The drill: half the readers' version goes to everybody (blue-green), load comes in, and in the middle
# somebody says *back*. How long until the last answer of the bad version, and how many requests fail meanwhile? Watch the
# percentiles move; it takes four seconds.

# %%
panels.switch(service, "blue-green", versions["half the readers"])
live = panels.Live()
live

# %% tags=["nbval-ignore-output"]
drill = panels.drill(service, seed, live)
drill                                          # seconds and ms are measured here

# %%
service.stop()
seconds = drill["seconds until the last answer of the challenger"]
pd.Series({"failed": int(drill["failed"]), "back within a second": bool(seconds < 1)})

# %% [markdown]
# No request failed, and within a second all answers were the champion's again. That works because the champion stayed loaded, settings are
# one small file that is replaced in one step, and a request that has begun ends with the version it began with.
#
# ## When back is the wrong way
# Two figures were renamed in spring (lesson 00), and the new version brought the mended card table. A week later it is slow, and somebody
# rolls back, table and all:

# %%
trials.unsafe(seed).figure

# %% [markdown]
# The old version fits a world that is gone. The same holds where the new one has changed a database, or where clients rely on what only it can
# answer. Then the way is **forward**: a new bundle (one folder), with the old model and the new table. Before each release, write down
# whether back is safe, and until when.
#
# **Exercise 07.4.** Write the rule. Given are the challenger's `failed` requests, its `score` (standard errors above the rest), the `limit` for
# daily looks, and `fits`: whether the older version still fits the world. There is harm at three failed requests, or at a score
# above the limit. Return `"wait"`, `"roll back"` or `"roll forward"`.

# %%
# exercise: 07.4
act = check("07.4", act)
act(failed=0, score=1.9, limit=float(limit), fits=True)

# %%
decide("canary share", .10)   # of devices; put in your own
share = canary_share()
ten = days(rate, rate + .10, effect, share, per_day)
pd.Series({"requests a day": share * per_day, "days to see ten points": ten}).round()

# %% [markdown]
# Your share is kept; on the dashboard of lesson 08 such a canary is a slice of its own. Who may roll back? Whoever is on call, at once, without asking. Explaining comes afterwards. (May a machine? An optional section asks.)
#
# ## Quiz
# Five questions, and two from earlier lessons.

# %%
from course_lib.learn.quiz import quiz

quiz("07")

# %% [markdown]
# ## What you have learnt
# - A canary catches what is loud. One point of error needs thousands of requests, and more devices than a small product has.
# - A shadow compares both versions on the same request: few listens see small differences, and nobody is hurt.
# - Count devices, not requests; pay for every look.
# - Waiting grows without bound near full utilisation; percentiles are pooled, never averaged.
# - A rollback is a drill, and sometimes the wrong direction.

# %% [markdown]
# **What this does not prove.** Users here do not leave, each has one device, and every error is known the same evening. Replicas with a processor
# each were simulated; two workers were measured on one machine, which also sent the load. The *order* of the ways carries over; the numbers are this product's. This service keeps no audio, so a listener would need
# recordings made with consent; those who consent are not a random sample.
#
# **A judgement question** with no single answer: the challenger is two points better in the shadow and 40 ms slower. Do you release
# it, and to whom first?
#
# **Two interview questions this lesson answers**: *"How large and how long must a canary be?"* and *"When is a rollback unsafe?"*

# %% [markdown]
# ## Optional: grow a canary
# A canary that is quiet grows: 1%, 10%, half, all. With one salt, who was in it stays in it. Change the salt, and about half of them stay, by chance (some twenty devices, so roughly):

# %%
small = {d for d in devices if bucket(d, "release-1") < .05}
large = {d for d in devices if bucket(d, "release-1") < .50}
other = {d for d in devices if bucket(d, "release-2") < .50}
pd.Series({"stay with the same salt": len(small & large) / len(small),
           "stay with another salt": len(small & other) / len(small)}).round(2)

# %% [markdown]
# ## Optional: an offline win, an online loss
# A version is one point better: on the test, 10 fewer of 1,000 requests are answered badly. It is also larger, and needs 2.5 times
# the work for each. At 38 requests a second, one replica is 38% busy with the fast version, and 95% with the better one. Users do not wait for
# ever: half of them leave after a second, some much sooner (an assumption, as in lesson 01). Which version leaves more of them without a good answer?

# %%
from course_lib.lessons import release_triggers as triggers

triggers.slower(seed).figure

# %% [markdown]
# Offline it wins, online it loses. Each answer is as good as the test promised, but users who left never saw theirs. The
# test asks whether an answer is right, users whether they got it in time. A shadow does not show this, as nobody waits
# for its challenger. So a release is judged by what users *get*, and load is tried before (`course_lib.cycle.load` does
# that).
#
# ## Optional: who calls back, a machine or a person?
# A rule watches a release: it rings at three failed requests within an hour, or when an hour's re-asks stand three standard errors above
# usual. *Automatic*: the ring itself rolls back. *Person*: it pages somebody, who needs about half an hour, and who sees when nothing is wrong.
# Three versions, 400 releases of a day each, 20 requests a minute (medians):

# %%
triggers.both_ways(seed).round(0)

# %% [markdown]
# Where requests fail, waiting for a person costs users half an hour and gains nothing. Where only re-asks rise, most of the time goes into
# *seeing* it, and the same rule takes back sound versions, too, a tenth of them or more. So let the machine act on what is loud and hardly ever
# false, and page a person for the rest. Write down which is which before the release.
