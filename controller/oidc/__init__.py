"""Signing in at an OpenID Connect issuer: who somebody is, and by his groups what he may do.

`options` reads the settings; `grants` turns groups into a role and projects; `attempt` is a sign-in under way, between
Podium, a browser and the issuer; `issuer` is the only module that talks to the issuer; `document` reads how it
describes itself, `id_token` judges what it says of somebody, and `person` is what is kept of that. Who signed in is a
`Principal` like any other: nothing behind the dashboard's door knows of this.
"""
