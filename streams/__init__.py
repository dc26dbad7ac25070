"""How events flow: the topology, the shape every stage shares, the stores on JetStream, the embedded server.

Whatever talks to NATS stands in this room.
"""
