"""What exists: names, voices, users, speech, and what changes them."""
import pandas as pd

pd.set_option("mode.string_storage", "python")          # with pyarrow's, to_numpy(str) of a column with gaps cuts words off (pandas 3)
