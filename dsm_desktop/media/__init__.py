"""Files for BMCs: a small server for ISOs and packages, open only while a job or a mounted medium needs it."""
