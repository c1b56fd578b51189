"""The attributes of a simulated iDRAC: names, types and factory values as Dell's attribute registry gives them."""

from __future__ import annotations

from typing import Final

IDRAC: Final = """
ASRConfig: Enable=+
ActiveDirectory: AuthTimeout=120 15..300; CertValidationEnable=-; DCLookupByUserDomain=+;
  DCLookupDomainName="" 254; DCLookupEnable=-; DomainController1="" 254; DomainController2="" 254;
  DomainController3="" 254; Enable=-; GCLookupEnable=-; GCRootDomain="" 254; GlobalCatalog1="" 254;
  GlobalCatalog2="" 254; GlobalCatalog3="" 254; RacDomain="" 254; RacName="" 254; SSOEnable=-;
  Schema=Extended Schema|Standard Schema
ADGroup x5: Domain="" 254; Name="" 254; Privilege=0 0..511
Autodiscovery: EnableIPChangeAnnounce=+; EnableIPChangeAnnounceFromDHCP=+; SendTestAnnouncement=Disabled|SendOnce;
  UnsolicitedIPChangeAnnounceRate=1 day|1 hour|12 hours|Disabled
AutoOSLockGroup: AutoOSLockState=+
CurrentIPv4: Address=!"" 15; DHCPEnable=!-; DNS1=!"0.0.0.0" 15; DNS2=!"0.0.0.0" 15; DNSFromDHCP=!-;
  Enable=!+; Gateway=!"" 15; Netmask=!"255.255.0.0" 15
CurrentIPv6: Address1=!"::" 45; AutoConfig=!+; Enable=!-; Gateway=!"::" 45; LinkLocalAddress=!"::" 45;
  PrefixLength=!64 1..128
CurrentNIC: ActiveNIC=!Dedicated|LOM1|LOM2; Autoneg=!+; DNSDomainName=!"" 254; DNSRacName=!"" 63;
  Duplex=!Full|Half; Enable=!+; LinkStatus=!Yes|No; MACAddress=!"" 17; MTU=!1500 576..1500;
  Speed=!1000|100|10; VLanEnable=!-; VLanID=!1 1..4094; VLanPriority=!0 0..7
DefaultCredentialMitigationConfigGroup: DefaultCredentialMitigation=+
EmailAlert x4: Address="" 64; CustomMsg="" 32; Enable=-
GUI: SecurityPolicyMessage="By accessing this computer, you confirm that such access complies with your organization's security policy." 512
GroupManager: GroupName=!"" 254; GroupUUID=!"" 36; Status=-
IPBlocking: BlockEnable=+; FailCount=3 2..16; FailWindow=60 2..65535; PenaltyTime=60 2..65535;
  RangeAddr="192.168.1.1" 15; RangeEnable=-; RangeMask="255.255.255.0" 15
IPMILan: AlertEnable=-; CommunityName="public" 18; Enable=-;
  EncryptionKey="0000000000000000000000000000000000000000" 40; PrivLimit=Administrator|Operator|User
IPMISOL: AccumulateInterval=10 1..255; BaudRate=115200|57600|19200|9600; Enable=+;
  MinPrivilege=Administrator|Operator|User; SendThreshold=255 1..255
IPMISerial: BaudRate=57600|115200|19200|9600; ChanPrivLimit=Administrator|Operator|User;
  ConnectionMode=Basic|Terminal; FlowControl=RTS/CTS|None
IPv4: Address="" 15; DHCPEnable=-; DNS1="0.0.0.0" 15; DNS2="0.0.0.0" 15; DNSFromDHCP=-; Enable=+;
  Gateway="" 15; Netmask="255.255.0.0" 15
IPv4Static: Address="" 15; DNS1="0.0.0.0" 15; DNS2="0.0.0.0" 15; DNSFromDHCP=-; Gateway="" 15;
  Netmask="255.255.0.0" 15
IPv6: Address1="::" 45; AutoConfig=+; DNS1="::" 45; DNS2="::" 45; DNSFromDHCP6=+; Enable=-; Gateway="::" 45;
  PrefixLength=64 1..128
IPv6Static: Address1="::" 45; DNS1="::" 45; DNS2="::" 45; DNSFromDHCP6=+; Gateway="::" 45;
  PrefixLength=64 1..128
Info: Build=!"35" 8; CPLDVersion=!"1.0.5" 16;
  Description=!"This system component provides a complete set of remote management functions for Dell PowerEdge Servers" 255;
  HWRev=!"0.01" 16; IPMIVersion=!"2.0" 8; Name=!"iDRAC" 16;
  Product=!"Integrated Dell Remote Access Controller" 64; RollbackVersion=!"" 32; ServerGen=!15G|12G|13G|14G|16G|17G;
  Type=!15G Monolithic|12G Monolithic|13G Monolithic|14G Monolithic|16G Monolithic|17G Monolithic; Version=!"" 32
LDAP: BaseDN="" 254; BindDN="" 254; BindPassword=*254; CertValidationEnable=+; Enable=-;
  GroupAttribute="" 254; GroupAttributeIsDN=+; Port=636 1..65535; SearchFilter="" 254; Server="" 254;
  UserAttribute="" 254
LDAPRoleGroup x5: DN="" 254; Privilege=0 0..511
LocalSecurity: LocalConfig=-; PrebootConfig=-
Lockdown: SystemLockdown=-
Logging: LCLogAggregation=-; LCLogAggregationTimeout=60 1..1440; SELBufferType=Circular|Linear;
  SELOEMEventFilterEnable=-
NIC: AutoConfig=Disabled|Enable Once|Enable Once After Reset; AutoDetect=-; Autoneg=+; DNSDomainFromDHCP=-;
  DNSDomainName="" 254; DNSRacName="" 63; DNSRegister=-; DedicatedNICScanTime=5 5..255; DiscoveryLLDP=-;
  Duplex=Full|Half; Enable=+; Failover=None|LOM1|LOM2|All; MACAddress=!"" 17; MTU=1500 576..1500;
  PingEnable=+; Selection=Dedicated|LOM1|LOM2|LOM3|LOM4; SharedNICScanTime=30 0..65535; Speed=1000|100|10;
  TopologyLldp=-; VLanEnable=-; VLanID=1 1..4094; VLanPriority=0 0..7
NICStatic: DNSDomainFromDHCP=-; DNSDomainName="" 254
NTPConfigGroup: NTP1="" 255; NTP1SecurityKey=*128; NTP1SecurityKeyNumber=1 1..65535;
  NTP1SecurityType=Disabled|MD5|SHA1; NTP2="" 255; NTP2SecurityKey=*128;
  NTP2SecurityKeyNumber=1 1..65535; NTP2SecurityType=Disabled|MD5|SHA1; NTP3="" 255;
  NTP3SecurityKey=*128; NTP3SecurityKeyNumber=1 1..65535; NTP3SecurityType=Disabled|MD5|SHA1;
  NTPEnable=-; NTPMaxDist=16 1..128
OS-BMC: AdminState=-; OsIpAddress="0.0.0.0" 15; PTCapability=!Capable|Not Capable; PTMode=usb-p2p|lom-p2p;
  UsbNicIpAddress="169.254.1.1" 15
PlatformCapability: ASHRAECapable=!+; BackupRestoreCapable=!-; CUPSCapable=!+; FrontPanelCapable=!+;
  LCDCapable=!+; LiveScanCapable=!+; NicVLANCapable=!Both|Dedicated; PMBUSCapablePSU=!+;
  PowerBudgetCapable=!+; PowerMonitoringCapable=!+; SerialDB9PCapable=!-; UserPowerCapCapable=!+;
  vFlashCapable=!-
RFS x2: AttachMode=Auto Attach|Attached|Detached; Enable=+; IgnoreCertWarning=Yes|No; Image="" 255;
  MediaAttachState=!Detached|Attached; Password=*254; Status=Done|Pending|Error; User="" 254;
  WriteProtected=!Read Only|Read Write
Racadm: Enable=+; MaxSessions=!2 1..4; Timeout=60 10..1920
Redfish: Enable=+; NumericDynamicSegmentsEnable=-
RedfishEventing: DeliveryRetryAttempts=3 0..5; DeliveryRetryIntervalInSeconds=5 5..60;
  IgnoreCertificateErrors=Yes|No
RemoteHosts: ConnectionEncryption=STARTTLS|SSL/TLS|None; MessageSubjectPrefix="" 64; SMTPAuthentication=-;
  SMTPPassword=*64; SMTPPort=25 1..65535; SMTPServerIPAddress="0.0.0.0" 254; SMTPUserName="" 64;
  SenderEmail="" 64
SEKM: SupportStatus=!NotInstalled|Installed
SNMP: AgentCommunity="public" 31; AgentEnable=+; AlertPort=162 1..65535; DiscoveryPort=161 1..65535;
  EngineID=!"" 40; SNMPProtocol=All|SNMPv3; TrapFormat=SNMPv1|SNMPv2|SNMPv3
SNMPAlert x8: Destination="" 254; SNMPv3UserID=!0 0..16; SNMPv3Username="" 16; State=-
SSH: Banner="" 1300; Enable=+; MaxSessions=!4 1..8; Port=22 1..65535; Timeout=1800 0..10800
SecureDefaultPassword: ForceChangePassword=False|True
Security: CsrCommonName="" 64; CsrCountryCode="US" 2; CsrEmailAddr="" 64; CsrKeySize=2048|4096;
  CsrLocalityName="" 254; CsrOrganizationName="" 64; CsrOrganizationUnit="" 64; CsrStateName="" 254;
  CsrSubjectAltName="" 254; FIPSMode=-;
  MinimumPasswordScore=Weak Protection|No Protection|Moderate Protection|Strong Protection;
  PasswordMinimumLength=0 0..40; PasswordRequireNumbers=-; PasswordRequireRegex="" 254;
  PasswordRequireSymbols=-; PasswordRequireUpperCase=-
Serial: BaudRate=57600|115200|19200|9600; Enable=+; HistorySize=8192 0..8192; IdleTimeout=300 0..1920;
  NoAuth=-
SerialRedirection: Enable=+; QuitKey="^\\\\" 4
ServerBoot: BootOnce=+; FirstBootDevice="Normal" 64
ServiceModule: HostSNMPAlert=-; HostSNMPGet=-; LCLReplication=-; OSInfo=+; ServiceModuleEnable=+;
  ServiceModuleState=!Not Running|Running; ServiceModuleVersion=!"NA" 16; WMIInfo=-;
  WatchdogRecoveryAction=None|Reboot|Poweroff|Powercycle; WatchdogResetTime=480 60..720; WatchdogState=-;
  iDRACHardReset=+; iDRACSSOLauncher=+
SmartCard: SmartCardCRLEnable=-; SmartCardLogonEnable=Disabled|Enabled|Enabled With Racadm
SupportAssist: DefaultIPAddress="" 254; DefaultPassword=*254; DefaultProtocol=CIFS|NFS|HTTP|HTTPS;
  DefaultShareName="" 254; DefaultUserName="" 254; EmailOptIn=Yes|No; EventBasedAutoCollection=-;
  FilterAutoCollections=No|Yes; HostOSProxyConfigured=No|Yes;
  PreferredLanguage=English|German|French|Japanese|Simplified Chinese|Spanish; SupportAssistEnableState=-
SwitchConnectionView: Enable=+
SysInfo: LocalConsoleLockOut=1 0..1; POSTCode=!126 0..255; SystemRev=0 0..255
SysLog: Port=514 1..65535; PowerLogEnable=-; PowerLogInterval=5 1..1440; Server1="" 63; Server2="" 63;
  Server3="" 63; SysLogEnable=-; secureclientauth=Anonymous|Certificate; secureport=6514 1..65535;
  secureserver1="" 63; securesyslogenable=-
Telemetry: EnableTelemetry=-; RSyslogServer1="" 63; RSyslogServer1Port=514 1..65535
TelemetryPowerMetrics: DevicePollFrequency=!60 0..3600; EnableTelemetry=-; ReportInterval=60 0..86400;
  ReportTriggers="" 255
TelemetryThermalMetrics: DevicePollFrequency=!60 0..3600; EnableTelemetry=-; ReportInterval=60 0..86400;
  ReportTriggers="" 255
Time: DayLightOffset=0 -3600..3600; TimeZoneOffset=0 -43200..50400; Timezone="CST6CDT" 32
USB: ConfigurationXML=Enabled while server has default credential settings only|Disabled|Enabled|Enabled only for compressed configuration files;
  ManagementPortMode=!iDRAC Direct Only; PortStatus=+; ZipPassword=*254
Update: FwUpdateIPAddr="0.0.0.0" 254; FwUpdatePath="" 254; FwUpdateTFTPEnable=+
UserDomain x10: Name="" 254
Users x16: AuthenticationProtocol=SHA|None|MD5; EmailAddress="" 64; Enable=-;
  EnableSNMPv3Passphrase=-; IPMIKey="" 40; IpmiLanPrivilege=No Access|User|Operator|Administrator;
  IpmiSerialPrivilege=No Access|User|Operator|Administrator; MD5v3Key="" 32; Password=*40;
  PrivacyProtocol=AES|None|DES; Privilege=0 0..511; ProtocolEnable=-; SHA1v3Key="" 40;
  SHA256Password="" 64; SHA256PasswordSalt="" 32; SMSNumber="" 32; SNMPv3AuthenticationPassphrase=*128;
  SNMPv3PrivacyPassphrase=*128; Simple2FA=-; SolEnable=-; UseEmail=-; UseSMS=-; UserName="" 16
VNCServer: ActiveSessions=!0 0..2; Enable=-; LowerEncryptionBitLength=-; MaxSessions=2 1..2; Password=*8;
  Port=5901 1024..65535;
  SSLEncryptionBitLength=Disabled|Auto Negotiate|128-Bit or higher|168-Bit or higher|256-Bit or higher;
  Timeout=300 60..10800
VirtualConsole: AccessPrivilege=Deny Access|Full Access|Read Only Access; ActiveSessions=!0 0..6;
  AttachState=Auto-attach|Attached|Detached; CloseUnusedPort=-; Enable=+; EncryptEnable=+; LocalDisable=-;
  LocalVideo=+; MaxSessions=6 1..6; PluginType=eHTML5|HTML5; Port=5900 1..65535; Timeout=1800 60..10800;
  TimeoutEnable=-; WebRedirect=-
VirtualMedia: ActiveSessions=!0 0..2; Attached=AutoAttach|Attached|Detached; BootOnce=-; Enable=+;
  EncryptEnable=+; FloppyEmulation=-; KeyEnable=-; MaxSessions=!1 1..2
WebServer: BlockHTTPPort=-; CustomCipherString="" 255; Enable=+; HostHeaderCheck=+; Http2Enable=+;
  HttpPort=80 1..65535; HttpsPort=443 1..65535; HttpsRedirection=+; LowerEncryptionBitLength=+;
  ManualDNSEntry="" 254; MaxNumberOfSessions=!8 1..8;
  SSLEncryptionBitLength=128-Bit or higher|168-Bit or higher|256-Bit or higher|Auto-Negotiate;
  TLSProtocol=TLS 1.2 and Higher|TLS 1.1 and Higher|TLS 1.3 Only; Timeout=1800 60..10800;
  TitleBarOption=Auto|Custom; TitleBarOptionCustom="" 63
"""

SYSTEM: Final = """
AcquisitionInfo: CostCenter="" 64; InstallDate="" 32; PONumber="0" 32; PurchaseCost="0" 32;
  PurchaseDate="" 32; Vendor=!"Dell" 64
Backplane: BackplaneBusMode=!I2C|SGPIO; BackplaneSplitMode=0 0..3
ChassisInfo: CMStatus=!CM OFFLINE|CM ONLINE
CustomAsset x8: Label="" 64; Value="" 64
Diagnostics: OSAppCollectionTime=!"N/A" 32
ExtWarrantyInfo: EndDate="" 32; Provider="" 64; StartDate="" 32
LCD: ChassisIdentifyDuration=0 0..2147483647;
  Configuration=Service Tag|iDRAC IPv4 Address|iDRAC MAC Address|OS System Name|User Defined|Asset Tag|Ambient Temperature|System Watts;
  CurrentDisplay=!"" 64; ErrorDisplayMode=SEL|simple; FrontPanelLocking=Full-Access|View-Only|Locked;
  QualifierTemp=C|F; QualifierWatt=Watts|BTU/hr; UserDefinedString="" 62; vConsoleIndication=+
MaintenanceInfo: EndDate="" 32; Provider="" 64; Restrictions="" 64; StartDate="" 32
OwnerInfo: InsComp="" 64; OwnerName="" 64; Type=Owned|Leased
PCIeSlotLFM x8: 3rdPartyCard=!N/A|Yes|No; CardType=!"Empty" 32; LFMMode=Automatic|Disabled|Custom;
  MaxLFM=!910 0..2000; SlotState=!Not-Defined|Defined; TargetLFM=!"-" 8
QuickSync: Access=Read-write|Read-only|Disabled; InactivityTimeout=120 120..3600; InactivityTimerEnable=+;
  Presence=!Absent|Present; ReadAuthentication=+; WifiEnable=+
ServerInfo: NodeID=!"" 64; RChassisServiceTag=!"" 16; ServerType=!Rack|Tower|Sled; ServiceTag=!"" 16
ServerOS: HostName="" 62; OEMOSVersion=!"" 64; OSName="" 128; OSVersion=!"" 64; ProductKey=!"" 64;
  ServerPoweredOnTime=!0 0..2147483647
ServerPwr: ActivePolicyName=!"" 64; ActivePowerCapVal=!0 0..32767; PSRapidOn=+;
  PSRedPolicy=Not Redundant|A/B Grid Redundant; PowerCapMaxThres=!1441 0..32767;
  PowerCapMinThres=!298 0..32767; PowerCapSetting=-; PowerCapValue=1205 298..1441;
  RapidOnPrimaryPSU=PSU1|PSU2
ServerPwrMon: MinPowerWatts=!17 0..32767; PeakPowerWatts=!0 0..32767;
  PowerConfigReset=None|ClrPeakAndCumulaValue|ClrAll
ServerTopology: AisleName="" 128; DataCenterName="" 128; RackName="" 128; RackSlot=1 1..255;
  RoomName="" 128; SizeOfManagedSystemInU=!1 1..255
Storage: AvailableSpareAlertThreshold=10 1..99; RemainingRatedWriteEnduranceAlertThreshold=10 1..99
SupportInfo: HelpDesk="" 64; Outsourced=No|Yes; Type=Network|Storage
SystemInfo: PrimaryTelephone="" 64; PrimaryUser="" 64; SysLocation="" 254
ThermalConfig: ASHRAEEnvironmentalClass=!A2|A3|A4; CriticalEventGenerationInterval=30 0..3600;
  EventGenerationInterval=30 0..3600; ValidFanConfiguration=!Yes|No
ThermalSettings: AirTemperatureRiseLimit=NO LIMIT|15|20|25|30|35|40|45; FanSpeedHighOffsetVal=!75 0..100;
  FanSpeedLowOffsetVal=!25 0..100; FanSpeedMaxOffsetVal=!100 0..100; FanSpeedMediumOffsetVal=!50 0..100;
  FanSpeedOffset=Off|Low|Medium|High|Max; MFSMaximumLimit=!100 0..100; MFSMinimumLimit=!5 0..100;
  MinimumFanSpeed=255 5..255; SystemExhaustTemperature=!31 0..255; SystemInletTemperature=!25 0..255;
  TargetExhaustTemperatureLimit=!70 30..70;
  ThermalProfile=Default Thermal Profile Settings|Maximum Performance|Minimum Power|Sound Cap
USBFront: Enable=Not Applicable|Enabled|Disabled
WarrantyInfo: Cost="0" 32; Duration="0" 32; EndDate="" 32; UnitType=Days|Months
"""

CONTROLLER: Final = """
LCAttributes: AutoBackup=-; AutoDiscovery=!Off|On; AutoUpdate=-; BIOSRTDRequested=False|True;
  CollectSystemInventoryOnRestart=+; DiscoveryFactoryDefaults=!Off|On; IPAddress="" 255;
  IPChangeNotifyPS=Off|On; IgnoreCertWarning=On|Off; Licensed=!No|Yes;
  LifecycleControllerState=Enabled|Disabled|Recovery;
  PartConfigurationUpdate=Apply Always|Apply only if Firmware Match|Disabled;
  PartFirmwareUpdate=Match firmware of replaced part|Allow version upgrade only|Disable;
  ProvisioningServer="" 255; StorageHealthRollupStatus=!1 1..4; SystemID=!"" 4; UserProxyPassword=*64;
  UserProxyPort="80" 5; UserProxyServer="" 255; UserProxyType=HTTP|SOCKS; UserProxyUserName="" 64;
  VirtualAddressManagementApplication="" 32
OSD: SupportedOSList=!"" 255
"""
