// ECCentrality
