-- Dead letters of a destination, found without a look at everything it was ever sent.
CREATE INDEX outcomes_dead ON outcomes(destination, seq) WHERE state = 3;
