"""What a team does, from scope to update."""
import course_lib.world                                 # noqa: F401  its setting for texts comes before pandera, which reads it once
