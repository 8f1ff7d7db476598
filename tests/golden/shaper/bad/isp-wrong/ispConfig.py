upstreamBandwidthCapacityDownloadMbps = '1000'
upstreamBandwidthCapacityUploadMbps = 1e3
interfaceA = eth1
interfaceB = 'eth2'
sqm = cake
queuesAvailableOverride = 1000
allowedSubnets = ['100.64.0.0/9x']
