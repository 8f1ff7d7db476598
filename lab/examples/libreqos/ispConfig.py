# SPDX-License-Identifier: GPL-2.0-only
# A small provider, in the form of LibreQoS 1.4: every key it knows. The addresses are those of the
# lab's subscribers (lab/topologies/shaper.sh).

# --- how it is shaped
# Queueing discipline of each circuit: 'fq_codel' or 'cake diffserv4'.
sqm = 'cake diffserv4'
# Only count, do not shape.
monitorOnlyMode = False
# The whole line, in Mbit/s.
upstreamBandwidthCapacityDownloadMbps = 1000
upstreamBandwidthCapacityUploadMbps = 500
# Each node that is made up for circuits without a parent.
generatedPNDownloadMbps = 800
generatedPNUploadMbps = 400
# Towards the subscribers.
interfaceA = 'eth1'
# Towards the internet.
interfaceB = 'eth2'
# How often the files are looked at.
queueRefreshIntervalMins = 30

# --- both directions on one interface
OnAStick = False
# VLAN of the subscribers.
StickVlanA = 0
# VLAN of the internet.
StickVlanB = 0

# --- the machine
# False only shows what would be done.
enableActualShellCommands = True
runShellCommandsAsSudo = False
# 0: as many as there are.
queuesAvailableOverride = 0
useBinPackingToBalanceCPU = False

# --- graphs
influxDBEnabled = True
influxDBurl = "http://localhost:8086"
influxDBBucket = "shaper"
influxDBOrg = "Hillside Net"
influxDBtoken = ""

# --- what comes from other systems
# Names of circuits: their address instead of the subscriber's name.
circuitNameUseAddress = True
overwriteNetworkJSONalways = False
ignoreSubnets = ['192.168.0.0/16']
allowedSubnets = ['100.64.0.0/10', '2001:db8:64::/48']

automaticImportSplynx = False
splynx_api_key = ''
splynx_api_secret = ''
splynx_api_url = 'https://splynx.example.net/api/2.0'

automaticImportUISP = False
uispAuthToken = ''
UISPbaseURL = 'https://uisp.example.net'
uispSite = 'Hillside'
uispStrategy = "full"
uispSuspendedStrategy = "none"
airMax_capacity = 0.65
ltu_capacity = 0.90
excludeSites = []
findIPv6usingMikrotik = False
bandwidthOverheadFactor = 1.0
committedBandwidthMultiplier = 0.98
exceptionCPEs = {}

# --- access from outside
apiUsername = "testUser"
apiPassword = "changeme8343486806"
apiHostIP = "127.0.0.1"
apiHostPost = 5000
httpRestIntegrationConfig = {
    'enabled': False,
    'baseURL': 'https://crm.example.net',
    'networkURI': '/some/path',
    'shaperURI': '/some/path/etc',
    'requestsConfig': {
        'verify': True,  # looks at the certificate
        'params': {  # of every request
            'search': 'hoge'
        },
    },
}
