"""The parts of `intake init`: the questions, the server's places, the files of the site."""
