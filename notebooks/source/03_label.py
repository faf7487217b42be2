# %% [markdown]
# # 03 · Label: how many votes, and which guideline?
#
# In production nobody reads names from a prompt. To learn what users meant, the team pays people to listen: each answer of
# theirs is a **vote**, at about 2 cents. You are the data lead, and you decide **how many votes each clip gets, from whom, what the
# written guideline says, and how votes become a label**.
#
# Too few votes, and the labels lie about your model. Too many, and the money is gone. The wrong guideline, and any number of
# votes repeats one mistake.

# %% [markdown]
# **After this lesson you can**
#
# - measure agreement between annotators, take chance out of it, and say what it does not tell,
# - choose between counting votes and a model of who errs, on evidence,
# - measure an annotator's skill with gold questions, and decide whom to keep at which price,
# - plan an audit of labels: how many clips for which interval,
# - weigh the price of votes against what wrong labels cost.
#
# **You need** lesson 00. **Time**: 60-70 minutes: the booth 7, agreement 8, counting 8 (exercise 03.1: 3), models 9, gold 11 (03.2: 5),
# audit 6 (03.3: 4), choosing 6 (03.4: 4), what it costs 6. An optional section at the end (03.5) takes 10 more.

# %% tags=["parameters"]
seed = 0

# %%
import numpy as np
import pandas as pd

from course_lib.cycle.label import agreement, majority, table_of
from course_lib.learn.check import check, hint, solution
from course_lib.learn.lesson import begin, decide, guess, reveal
from course_lib.lessons import label_crews, label_noise, label_votes
from course_lib.lessons import label_panels as panels

begin("03", seed)

# %% [markdown]
# ## In the labelling booth
# Six requests, as an annotator gets them. Listen, or look at the spectrogram. "Read what is heard" shows it in writing, with what the
# product's screen suggests. Say what each one is. You have **no guideline** yet: do what seems right to you.

# %%
first = panels.label_six(seed)
first

# %% [markdown]
# Three annotators had the same six clips, and no guideline either. This is how they labelled them.

# %%
panels.beside_others(seed, first)

# %% [markdown]
# Where people differ, it is for one of two reasons. Somebody **slipped**: misheard, or clicked on the wrong line. Or they read
# the *task* differently: is "Stella" alone a Stella Moreno, or can nobody tell? A slip is chance. A reading is a rule, followed
# every time.
#
# ## A guideline
# The team writes down four rules for such cases:
#
# - **First name.** A first name alone is "cannot tell", even if only one card fits.
# - **Cut off.** Speech that breaks off is "cannot tell", even if you can guess the rest.
# - **Sound-alikes.** A whole name that sounds like another is its own card. Decide; "cannot tell" is not for close calls.
# - **Outside.** A whole name without a card is "somebody without a card", however alike a card sounds.
#
# Other rules could be defended; what counts is that there is one. Label the same clips again, by these.

# %%
again = panels.label_six(seed, "03.again")
again

# %%
panels.beside_guideline(seed, first, again)

# %% [markdown]
# ## How often do two people agree?
# The team has drawn 400 requests at random, and five annotators label all of them. **Agreement** is the share of pairs of
# people who give a clip the same label.
#
# Of 100 pairs, how many agree when everyone follows their own words? And when the same five people get the written guideline?

# %% tags=["guess"] solved={"own": 80, "written": 95}
guess("03.1", own=None, written=None, between=(0, 100))

# %%
own_words = label_votes.votes(seed, "own words")
written = label_votes.votes(seed, "written")
reveal("03.1", own=round(100 * agreement(own_words)),
       written=round(100 * agreement(written)))

# %% tags=["reveal"]
label_votes.agree(seed).figure

# %% [markdown]
# On plain whole names the guideline changes nothing: there was nothing to read differently, and what is left are slips.
# What changes, changes in the cases that the rules name. Many teams would now train people harder. Here the words were at
# fault.
#
# ## Without listening
# Some of it is chance: two people who never listen, but give each label as often as they do now, also agree at times. **Cohen's kappa** (1960) takes
# that out: (agreement − chance) / (1 − chance). At 0 they do no better than chance, at 1 they always agree.

# %%
pair = table_of(written)[["Ana", "Ben"]]       # a row a clip, a column a person
same = pair["Ana"].eq(pair["Ben"]).mean()
ana, ben = (pair[who].value_counts(normalize=True) for who in pair)
chance = (ana * ben).sum()                     # both say c01, or both say c02, or …
kappa = (same - chance) / (1 - chance)
pd.Series({"agreement": same, "chance": chance, "kappa": kappa}).round(2)

# %% [markdown]
# There are 42 labels (40 cards, "outside" for somebody without a card, "cannot tell"), and none is on most clips. So
# there is little to take out. But the same votes also answer simpler questions, with yes or no. Here are the means over
# all ten pairs of people.

# %%
label_votes.asked_less(seed).round(2)

# %% [markdown]
# Whether anybody can tell is agreed on far more often than which label it is, and has the lower kappa: most answers are
# "yes", so two people who never listen agree nearly as often. The commoner one answer is, the less agreement says; that
# is why reports give kappa beside it. But kappa falls with rare answers even where people hear equally well, so a fixed
# bar ("at least .6") means little. Report both, and the shares.
#
# And people who all share a *wrong* reading agree as well as others, by either number.
#
# ## Counting votes
# With several votes a clip, the simplest way to a label is to **count**. These five read all rules as they are meant. One row is one clip, and c19 is the id of a card.

# %%
decide("guideline", "written")                 # lesson 05 labels your clips by it
votes = label_votes.votes(seed, misread=0)
counted = votes.groupby("id")["label"].agg(lambda given: given.mode()[0])
table_of(votes).assign(counted=counted).head(4)

# %% [markdown]
# (`mode()[0]` breaks a tie by the alphabet, a decision that nobody took. `majority` from course_lib draws lots instead.)
#
# Votes cost money and time: a label is ready when its *last* vote is in. Here is what one, three or five votes a clip cost and give; with
# fewer than five, the annotators take turns.

# %%
label_crews.offers(seed).round(1)

# %% [markdown]
# `cents` a clip and `days` (until nine of ten labels are there) are what you pay, `right` labels in 100 what you get; the simulation knows them all. `more` are the points that a row has right
# beyond the row above, with its 95% interval over speakers. The first step buys more than the second; where a step's interval
# reaches 0, nothing is shown for its cents. This table is what a data lead brings to the product manager: price, delay, quality.

# %% [markdown]
# ## Who misreads a rule?
# In the votes just counted everybody read the rules as they are meant. Now let some of the five misread **one**: they answer "cannot tell" to
# every *sound-alike*, to be on the safe side. They hear as well as before.
#
# **Exercise 03.1.** Take 20 sound-alikes on which nobody slips. How many of the 20 does counting label right if **one** of
# the five misreads the rule, if **two** do, if **three** do? Answer with a list of three numbers, such as `[20, 10, 5]`.

# %%
# exercise: 03.1
right_of_20 = check("03.1", right_of_20)

# %%
label_votes.cliff(seed).figure

# %% [markdown]
# Slips thin out with more votes, a misreading does not. Counting forgives one of five, is hurt
# by two (a slip then gives them the majority), and delivers the mistake of three.
#
# ## A cleverer way
# Dawid and Skene (1979) **estimate who errs, and how, from the votes themselves.** Begin with the shares of the votes. From those,
# make for each person a *confusion matrix*: when a clip is c25, how often does Ana say c25, how often "cannot tell"? Then weigh
# every vote by that matrix, get better labels, and repeat.
#
# A simpler cousin, **one-coin**, has one number a person: the chance of being right, whatever the clip.
#
# The team labels 100 clips a week and makes labels from each week's votes. All five read the rules as meant. Of 100 labels,
# how many are right by counting, and how many by Dawid-Skene?

# %% tags=["guess"] solved={"counting": 95, "Dawid_Skene": 98}
guess("03.2", counting=None, Dawid_Skene=None, between=(0, 100))

# %%
plain = label_votes.rivals(seed)
reveal("03.2", counting=round(plain.data["counting"], 1),
       Dawid_Skene=round(plain.data["Dawid_Skene"], 1))

# %% tags=["reveal"]
plain.figure

# %% [markdown]
# The clever way loses to counting. Why? Look at clips that it gets wrong, with the five votes and what it made of them.

# %%
clever = label_votes.aggregated(seed, "Dawid-Skene", 5, 0)
astray = clever.ne(label_votes.right(seed).reindex(clever.index))
found = table_of(votes).assign(clever=clever, right=label_votes.right(seed))
found.loc[astray[astray].index].head(4)

# %% [markdown]
# Often it believes a label that one person gave, by a slip. A label that occurs once has a matrix row made from one
# clip, and that row explains the clip perfectly: "when it is this card, one person says so and the others err". No second
# clip contradicts it. With few clips to a card it can even swap two cards' names, and overturn five equal votes. Five people and 42 labels make
# thousands of chances to estimate, from 500 votes; and nobody had a habit to be found.
#
# Now let three of the five misread the rule on sound-alikes. Nothing else changes.

# %%
label_votes.rivals(seed, misread=3).figure

# %% [markdown]
# Counting now delivers the mistake of the three. Dawid-Skene has something to find: a person who says "cannot tell" to Keatings, Brandts and
# Stellas alike says nearly nothing by it, so the other two decide. One-coin has no place for a habit: to it, the two who read
# the rule right are simply bad.
#
# Which way would you use? Move the crew, the misreading and the clips at once: find settings at which counting wins, Dawid-Skene wins, and
# all three fail.

# %%
panels.votes_panel(seed)

# %% [markdown]
# Three things decide: whether a *majority* shares a habit, how many clips there are for each label, and how many people. A model with
# many numbers needs many clips. In the simulation you can see who is right. With real votes you cannot; so how would you know?
#
# ## Who is good? A manager's mistake
# The manager has a table: how often does each annotator agree with the majority? The two at the bottom are to go.

# %%
votes = label_votes.votes(seed, misread=3)
most = votes.groupby("id")["label"].agg(lambda given: given.mode()[0])
agrees = votes["label"].eq(votes["id"].map(most))
agrees.groupby(votes["annotator"]).mean().sort_values().round(2)

# %% [markdown]
# Before anybody goes, look for a standard that no majority can outvote. **Gold questions** are clips whose right label is known,
# because the author of the rules judged them with care. They are mixed among the others; nobody knows which they are.

# %%
gold = label_votes.right(seed).sample(100, random_state=seed)
gold.head(3)

# %% [markdown]
# **Exercise 03.2.** Change the manager's code so that it measures **skill**. Given are `votes`, with the columns `id`, `annotator` and
# `label`, and `gold`, a Series of right labels by clip id as above; most clips have none. Return a Series by annotator: the share of gold clips
# that each labels right.

# %%
# exercise: 03.2
skill = check("03.2", skill)

# %%
by_gold = skill(votes, gold)
pd.DataFrame({"by the majority": agrees.groupby(votes["annotator"]).mean(),
              "by gold": by_gold,
              "±": 1.96 * np.sqrt(by_gold * (1 - by_gold) / len(gold))}).round(2)

# %% [markdown]
# The majority prefers its own: on average it rates the misreaders above those who follow the rule; gold turns that around. The last column is half a
# 95% interval: with 100 gold clips a share can be off by nearly 10 points, so nobody should go for a small difference. *Where* somebody errs says more.
# Here all 400 clips are judged, as only the simulation can; some rows hold few:

# %%
label_votes.by_rule(seed).round(2)

# %% [markdown]
# A row in which some are near zero and others far above is no lack of skill. It is a rule with two readings.
#
# The mend is not a cleverer formula. It is ten minutes with three people, one better sentence with an example, and a second look at the sound-alikes
# (the simulation knows which; a team hears every "cannot tell" again):

# %%
mended = votes.copy()
redo = votes["id"].map(label_votes.kinds(seed)).eq("sound-alikes")
mended.loc[redo, "label"] = label_votes.votes(seed, misread=0).loc[redo, "label"]
truth = label_votes.right(seed)
pd.Series({"before": majority(votes).eq(truth).mean(),
           "after": majority(mended).eq(truth).mean()}).round(3)

# %% [markdown]
# Keeping the guideline in version control, with a date for each change, is **MLOps**: labels made under two versions are two data sets. Mix
# them, and you train on a disagreement.
#
# ## Whom do you keep?
# With the rule mended, what differs is hearing. Four more people apply, and each of the nine has a **price**. The money is enough for
# three votes a clip, so for three people. "You get what you pay for", says the manager, and would take the dearest. You let all nine answer the
# gold questions first:

# %%
nine = label_crews.nine(seed)
found = nine.groupby("annotator")["price"].first().to_frame("cents")
found["skill"] = skill(nine, gold)
found["±"] = 1.96 * np.sqrt(found["skill"] * (1 - found["skill"]) / len(gold))
found = found.sort_values(["skill", "cents"], ascending=[False, True])
found.round(2)

# %% [markdown]
# Read down the cents: they follow skill in part, with exceptions. A price is a hint, gold is a measurement.
# But mind the ±: gold tells the top from the bottom, not the first from the second. Of two people whom it cannot tell apart,
# take the cheaper.
#
# **Whom do you keep?** Enter three names; the cell begins with the top three by gold, whatever they cost. Does the rule choose others? The table below counts the votes of three crews on the 300 clips that
# are not gold. Its last two columns are a 95% interval over clips (over speakers it may be wider): how many more points are wrong than with your crew.

# %%
keep = found.index[:3].tolist()                # or by name: ["Ana", "Ben", "Cleo"]
label_crews.crews(seed, keep).round(1)

# %% [markdown]
# Where the interval reaches 0, no difference is shown: take the cheaper crew if you can live with the upper end. Where the cheapest are shown to be
# worse, ask what a wrong label costs: the end of this lesson.
#
# ## How many labels to audit?
# An agency delivers labels: five people in their own words, counted. How many are wrong? You **audit**: draw clips at random and
# judge them yourself. The share you find lies within about ±1.96·√(p(1 − p)/n) of the true error rate p, for n clips (95 times in
# 100). Turn that round: n = 1.96²·p(1 − p)/margin².
#
# **Exercise 03.3.** Return how many clips to audit, a whole number. Given are `expected`, the error rate that a pilot found (such as
# `.05`), or `None` if nobody knows; and the `margin` (such as `.02` for ±2 points).

# %%
# exercise: 03.3
audit_size = check("03.3", audit_size)
[audit_size(None, .08), audit_size(.2, .08), audit_size(.05, .03)]

# %%
label_votes.audit(seed, audit_size(None, .08)).figure

# %% [markdown]
# Nobody knows this agency, so p = .5 and, for ±8 points, the first number above. (A pilot of 20 clips without an error is not p = 0: the formula would ask
# for no audit at all.)
#
# The dotted line is what an audit of everything would find. The intervals are Wilson's (1927). A contract with an agency can rest on the interval's upper end; on the point alone it rests on luck.
#
# ## Which way, then?
# Gold also settles counting against Dawid-Skene. Each gold clip is right by both, by neither, or **by one of them alone**; only the
# last tell the two apart. Let b be the clips that Dawid-Skene alone has right, c those of counting alone. If there is no
# difference, b − c stays within 2·√(b + c) about 95 times in 100 (after McNemar, 1947; rough below ten such clips).

# %%
# five people, three misread, all 400 clips at once: True where a label is right
ways = pd.DataFrame(label_votes.shares_right(seed, 5, 3, clips=400))
on_gold = ways.loc[gold.index, ["counting", "Dawid-Skene"]]
on_gold.value_counts()

# %% [markdown]
# **Exercise 03.4.** Return `"counting"` or `"Dawid-Skene"`. Given is `right`, a table like `on_gold`: a row a gold clip, True where that
# way's label is right. Counting needs no defence: take Dawid-Skene only if its lead is more than chance gives.

# %%
# exercise: 03.4
aggregator = check("03.4", aggregator)
mended_ways = pd.DataFrame(label_votes.shares_right(seed, 5, 0, clips=400))
after = aggregator(mended_ways.loc[gold.index, ["counting", "Dawid-Skene"]])
decide("aggregator", after)                    # for votes by your guideline
{"three misread": aggregator(on_gold), "after the mend": after}

# %% [markdown]
# Gold answers for the month's 400 clips as they were voted on, and once nobody misreads. The second is kept. Lesson 05 labels your clips by your
# guideline, in your way (if you keep `"own words"`, three misread again).
#
# ## What do wrong labels cost?
# Suppose that the training clips had come without prompts, labelled by **one** vote each. Roughly one label in ten that names a card is
# then wrong. One model learns from right labels, one from these. In a third case the good model is *tested* on clips with one
# vote each.
#
# With right labels everywhere the score on unseen readers is a little over 90. What is it in the two other cases?

# %% tags=["guess"] solved={"taught": 80, "tested": 90}
guess("03.3", taught=None, tested=None, between=(0, 100))

# %%
noise = label_noise.twice(seed)
reveal("03.3", taught=round(noise.data["taught"]), tested=round(noise.data["tested"]))

# %% tags=["reveal"]
noise.figure

# %% [markdown]
# Bars: 95% intervals over readers. In the middle row the model *is* worse. In the last it is as good as in the first; only the ruler is bent, and the score cannot tell you which. Each later decision is read off that ruler, and slips hide small differences. So buy votes **for the test set first**.
#
# ## Votes against errors
# How many votes should the 960 training clips get? Votes are paid once; a better model saves errors at every request: 4 cents for a wrong card, 1 for a needless "sorry?". The panel begins at 20,000 requests; lesson 01's team expects 20
# million a month. Move the price of a vote and the requests until the next relabelling: how many votes cost least? A saving is
# *shown* where its interval over speakers lies right of 0.

# %%
panels.price_panel(seed)

# %% [markdown]
# With little traffic one vote is enough; with much, three or five save more than they cost: at 20 million requests votes are next to free
# beside the errors. The reference team takes the fewest votes that no greater number is shown to beat. Enter your own number if you decide otherwise.
# In the table `less` is what the errors cost less than in the row above, in cents for 1,000 requests; its interval is from `low` to `high`.

# %%
enough = label_noise.enough(seed, price=2, requests=20_000_000)
decide("votes_per_clip", enough)
print("the reference team takes", enough)
label_noise.errors(seed).round(1)              # cost: cents for 1,000 requests

# %% [markdown]
# ## Is agreement a ceiling?
# A common belief: a model cannot be better than people agree with each other. Here are both numbers, on the same test clips: how often two
# annotators agree, and how often a model that was taught by five such people is right, each with its interval over readers.

# %%
label_noise.ceiling(seed).figure

# %% [markdown]
# Two people agree only where neither slips (or both slip alike). The model learnt from five votes on many clips, and slips are random, so it inherits few
# of them. What limits the score that you can *measure* with single votes is how often one vote is right, not how often two agree. Neither limits what a model can reach.
#
# And high agreement proves little. Run the cell again with `ceiling(seed, misread=5)`, where all five misread the rule on sound-alikes. They agree as much as
# before; the model never learns those cards, because a clip labelled "cannot tell" names no card and teaches nothing.

# %% [markdown]
# ## Quiz
# Five questions, and two from earlier lessons.

# %%
from course_lib.learn.quiz import quiz

quiz("03")

# %% [markdown]
# ## What you have learnt
# - Slips thin out with votes; a shared misreading does not. Mend the words first.
# - Counting is the baseline, and hard to beat: a model of who errs needs many clips, and a habit to find.
# - Skill is measured with gold, not against the majority and not by the price alone; where gold cannot tell two people apart, the cheaper will do.
# - An audit has a size: p = .5 where you know nothing, the pilot's rate where you do.
# - Wrong training labels make a model worse, wrong test labels make a good one look worse. Agreement is neither truth nor a ceiling,
#   and where one answer is common, chance makes most of it (kappa).

# %% [markdown]
# **What this does not prove.** These annotators slip independently and misread one rule in one way. Real ones tire, copy each other, follow what the screen suggests,
# learn, and disagree for good reasons: some clips have no right label. And gold is only as good as its author.
#
# **A judgement question** with no single answer: one of your best annotators insists that "Stella" alone *is* Stella Moreno, since nine in ten users mean
# her. The guideline says "cannot tell". Who should win, and who should decide?
#
# **Two interview questions this lesson answers**: *"Do labelling conventions matter?"* and *"How many labels do you audit, and how do you
# split a labelling budget between training, evaluation and monitoring?"* (Which clips to label at all, at random or by a model's doubt, is a question for lesson 10.)

# %% [markdown]
# ## Optional: Dawid-Skene from the inside
# One step of the method is Bayes' rule. Two annotators, three labels; the tables hold the chance of each given label (columns) for each
# true one (rows). Ben says "cannot tell" to nearly all.

# %%
names = ["c25", "c26", "cannot tell"]
prior = pd.Series([.3, .1, .6], names)
ana = pd.DataFrame([[.9, .05, .05], [.05, .9, .05], [0, 0, 1]], names, names)
ben = pd.DataFrame([[.1, 0, .9], [0, .1, .9], [.05, .05, .9]], names, names)
ben

# %% [markdown]
# Ana votes c25: for each true label, the chance of that vote is the column `ana["c25"]`.
#
# **Exercise 03.5.** Return the chance of each true label, a Series that adds up to 1. Given are `prior`, how common each label is; `confusion`, a dict from
# annotator to table; and `votes`, a dict from annotator to label, such as `{"Ana": "c25", "Ben": "cannot tell"}`. Multiply the prior by the chance of each
# vote, then divide by the sum.

# %%
# exercise: 03.5
belief = check("03.5", belief)

# %%
tables = {"Ana": ana, "Ben": ben}
pd.DataFrame({"Ben alone": belief(prior, tables, {"Ben": "cannot tell"}),
              "both": belief(prior, tables, {"Ana": "c25", "Ben": "cannot tell"})})

# %% [markdown]
# Ben's vote moves nothing: he would have said it anyway. Ana's decides. The other half of the method is counting: with these chances as weights, how
# often did each person give each label? The two steps take turns until nothing moves (an *expectation-maximisation*). The full method is about 20 lines
# of `course_lib/cycle/label.py`, and gives the probabilities that the library crowd-kit gives.
