"""The Git work tree; the only package that imports GitPython, and only for what needs the git program.

Everything goes through the git command, so that the user's hooks, signing, credentials and configuration apply.
"""
