# The queueing discipline of each circuit.
sqm = 'cake diffserv4'
monitorOnlyMode = False
upstreamBandwidthCapacityDownloadMbps = 1000
upstreamBandwidthCapacityUploadMbps = 1000
generatedPNDownloadMbps = 800
generatedPNUploadMbps = 400
interfaceA = 'eth1'
interfaceB = 'eth2'
queueRefreshIntervalMins = 30
OnAStick = False
StickVlanA = 0
StickVlanB = 0
enableActualShellCommands = True
runShellCommandsAsSudo = False
queuesAvailableOverride = 0
useBinPackingToBalanceCPU = False
influxDBEnabled = True
influxDBurl = "http://localhost:8086"
influxDBBucket = "shaper"
influxDBOrg = "My Org"
influxDBtoken = ""
circuitNameUseAddress = True
overwriteNetworkJSONalways = False
ignoreSubnets = ['192.168.0.0/16']
allowedSubnets = ['100.64.0.0/10', '2001:db8::/32']
automaticImportSplynx = False
splynx_api_key = ''
splynx_api_secret = ''
splynx_api_url = ''
automaticImportUISP = False
uispAuthToken = ''
UISPbaseURL = 'https://uisp.example.com'
uispSite = ''
uispStrategy = "full"
uispSuspendedStrategy = "none"
airMax_capacity = 0.65
ltu_capacity = 0.90
excludeSites = []
findIPv6usingMikrotik = False
bandwidthOverheadFactor = 1.0
committedBandwidthMultiplier = 0.98
exceptionCPEs = {}
apiUsername = "testUser"
apiPassword = "change"
apiHostIP = "127.0.0.1"
apiHostPost = 5000
httpRestIntegrationConfig = {
    'enabled': False,
    'baseURL': 'https://domain',
    'networkURI': '/some/path',
    'requestsConfig': {
        'verify': True,  # checks the certificate
        'timeout': 5.0,
    },
}
