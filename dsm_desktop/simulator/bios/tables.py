"""BIOS settings of a simulated server: names, menus, values and dependencies as Dell's BIOS uses them.

A line is ``Name | display name | spec | help``; specs as in the attribute tables. ``[Menu] title`` begins a menu.
A dependency ``Target ReadOnly: Cause=Value, Other!=Value`` makes the target read-only while one of the causes holds;
``Hidden`` hides it, and ``Target=Forced: …`` gives it that value.
"""

from __future__ import annotations

from typing import Final

COMMON: Final = """
[SysInformationRef] System Information
SystemModelName | System Model Name | !"" 40 | The product name of the system.
SystemBiosVersion | System BIOS Version | !"" 48 | The version of the BIOS that is installed.
SystemServiceTag | System Service Tag | !"" 7 | The service tag of the system.
SystemManufacturer | System Manufacturer | !"Dell Inc." 32 | The maker of the system.
SysMfrContactInfo | System Manufacturer Contact Information | !"www.dell.com" 32 | Where the maker can be reached.
SystemCpldVersion | System CPLD Version | !"1.0.5" 8 | The version of the programmable logic on the board.
UefiComplianceVersion | UEFI Compliance Version | !"2.7" 13 | The level of the UEFI specification.
[MemSettingsRef] Memory Settings
SysMemSize | System Memory Size | !"" 60 | The memory that is installed.
SysMemType | System Memory Type | !"ECC DDR4" 16 | The type of memory.
SysMemSpeed | System Memory Speed | !"" 16 | The clock of the memory.
SysMemVolt | System Memory Voltage | !"1.20 V" 16 | The voltage of the memory.
VideoMem | Video Memory | !"16 MB" 16 | The memory of the embedded video controller.
MemTest | System Memory Testing | Disabled~Enabled | Whether memory is tested at every boot; it makes booting longer.
MemOpMode | Memory Operating Mode | OptimizerMode~FaultResilientMode~NUMAFaultResilientMode | How memory channels work together: on their own, with a spare, or mirrored.
NodeInterleave | Node Interleaving | Disabled~Enabled | Interleaves memory over the processors when memory is installed evenly; otherwise the system uses NUMA.
CorrEccSmi | Correctable Error Logging | Enabled~Disabled | Logs errors of memory that were corrected.
[ProcSettingsRef] Processor Settings
LogicalProc | Logical Processor | Enabled~Disabled | Shows the operating system two logical processors for each core.
ProcVirtualization | Virtualization Technology | Enabled~Disabled | Lets hypervisors use the virtualization features of the processor.
ProcX2Apic | x2APIC Mode | Enabled~Disabled | Lets the interrupt controllers address more processors.
ProcCores | Number of Cores per Processor | All~1~2~4~6~8~10~12~14~16 | How many cores of each processor are switched on.
ProcHwPrefetcher | Hardware Prefetcher | Enabled~Disabled | Lets the processor fetch data ahead.
ProcAdjCacheLine | Adjacent Cache Line Prefetch | Enabled~Disabled | Fetches the neighbouring cache line too.
DcuStreamerPrefetcher | DCU Streamer Prefetcher | Enabled~Disabled | Fetches for streams in the first-level cache.
DcuIpPrefetcher | DCU IP Prefetcher | Enabled~Disabled | Fetches by the history of instructions.
ProcCoreSpeed | Processor Core Speed | !"3.00 GHz" 16 | The clock of the processors.
ProcBusSpeed | Processor Bus Speed | !"11.2 GT/s" 16 | The speed between the processors.
Proc1Brand | Brand | !"" 80 | The first processor.
Proc1NumCores | Number of Cores | !0 0..65535 | Cores of the first processor.
Proc2Brand | Brand | !"" 80 | The second processor.
Proc2NumCores | Number of Cores | !0 0..65535 | Cores of the second processor.
[SataSettingsRef] SATA Settings
EmbSata | Embedded SATA | AhciMode~Off~RaidMode | Mode of the SATA ports on the board.
SecurityFreezeLock | Security Freeze Lock | Enabled~Disabled | Locks the security of SATA drives during the self test.
WriteCache | Write Cache | Disabled~Enabled | Switches the write cache of SATA drives during the self test.
SataPortA | Port A | Auto~Off | Whether port A looks for a drive.
SataPortB | Port B | Auto~Off | Whether port B looks for a drive.
SataPortC | Port C | Auto~Off | Whether port C looks for a drive.
SataPortD | Port D | Auto~Off | Whether port D looks for a drive.
SataPortAModel | Model | !"Unknown" 1024 | The drive on port A.
SataPortACapacity | Capacity | !"N/A" 1024 | The capacity of the drive on port A.
[NvmeSettingsRef] NVMe Settings
NvmeMode | NVMe Mode | NonRaid~Raid | Whether NVMe drives are shown as they are or to software RAID.
BiosNvmeDriver | BIOS NVMe Driver | DellQualifiedDrives~AllDrives | Which NVMe drives the BIOS itself drives.
[BootSettingsRef] Boot Settings
BootMode | Boot Mode | Uefi~Bios | How the operating system is started. It must be what it was when the system was installed.
BootSeqRetry | Boot Sequence Retry | Enabled~Disabled | Tries the boot order again after thirty seconds.
HddFailover | Hard-Disk Failover | Disabled~Enabled | Tries the next disk of the list when one does not boot.
GenericUsbBoot | Generic USB Boot | Disabled~Enabled | Keeps a place for USB drives in the boot order.
HddPlaceholder | Hard-disk Drive Placeholder | Disabled~Enabled | Keeps a place for disks in the boot order.
SetBootOrderEn | Set Boot Order Enable | "" 255 | Boot devices switched on, in their order.
SetBootOrderDis | Set Boot Order Disabled | "" 255 | Boot devices switched off.
[BootSettingsRef/OneTimeBootRef] One-Time Boot
OneTimeBootMode | One-Time Boot Mode | Disabled~OneTimeUefiBootSeq | Whether the next boot takes another device.
[NetworkSettingsRef] Network Settings
PxeDev1EnDis | PXE Device1 | Enabled~Disabled | Offers PXE boot over the first device.
PxeDev2EnDis | PXE Device2 | Disabled~Enabled | Offers PXE boot over the second device.
PxeDev3EnDis | PXE Device3 | Disabled~Enabled | Offers PXE boot over the third device.
PxeDev4EnDis | PXE Device4 | Disabled~Enabled | Offers PXE boot over the fourth device.
HttpDev1EnDis | HTTP Device1 | Disabled~Enabled | Offers boot over HTTP with the first device.
HttpDev2EnDis | HTTP Device2 | Disabled~Enabled | Offers boot over HTTP with the second device.
IscsiDev1EnDis | ISCSI Device1 | Disabled~Enabled | Offers boot from an iSCSI target.
IscsiInitiatorName | ISCSI Initiator Name | "" 223 | Name of this machine as an iSCSI initiator.
[NetworkSettingsRef/PxeDev1SettingsRef] PXE Device1 Settings
PxeDev1Interface | Interface | Ports~Ports | The port that is used.
PxeDev1Protocol | Protocol | IPv4~IPv6 | The protocol that is used.
PxeDev1VlanEnDis | VLAN | Disabled~Enabled | Whether a VLAN is used.
PxeDev1VlanId | VLAN ID | 1 1..4094 | Number of the VLAN.
PxeDev1VlanPriority | VLAN Priority | 0 0..7 | Priority in the VLAN.
[NetworkSettingsRef/HttpDev1SettingsRef] HTTP Device1 Settings
HttpDev1Interface | Interface | Ports~Ports | The port that is used.
HttpDev1Protocol | Protocol | IPv4~IPv6 | The protocol that is used.
HttpDev1VlanEnDis | VLAN | Disabled~Enabled | Whether a VLAN is used.
HttpDev1VlanId | VLAN ID | 1 1..4094 | Number of the VLAN.
HttpDev1DhcpEnDis | DHCP | Enabled~Disabled | Asks a server for the address.
HttpDev1Ip | IP Address | "" 39 | Address when none is asked for.
HttpDev1Mask | Subnet Mask | "" 39 | Mask of that address.
HttpDev1Gateway | Gateway | "" 39 | Gateway of that address.
HttpDev1DnsDhcpEnDis | DNS info via DHCP | Enabled~Disabled | Asks a server for name servers.
HttpDev1Dns1 | Primary DNS | "" 39 | First name server.
HttpDev1Dns2 | Secondary DNS | "" 39 | Second name server.
HttpDev1Uri | URI (will obtain from DHCP server if not specified) | "" 255 | What is booted over HTTP.
[NetworkSettingsRef/HttpDev1SettingsRef/HttpDev1TlsConfigRef] TLS Authentication Configuration
HttpDev1TlsMode | TLS Authentication Mode | None~OneWay | Whether the server has to prove itself.
[IntegratedDevicesRef] Integrated Devices
MmioAbove4Gb | Memory Mapped I/O above 4GB | Enabled~Disabled | Lets PCIe devices use addresses above four gigabytes.
UsbPorts | User Accessible USB Ports | AllOn~OnlyBackPortsOn~AllOff~AllOffDynamic | Which USB ports work.
InternalUsb | Internal USB Port | On~Off | Whether the port inside works.
UsbManagedPort | iDRAC Direct USB Port | On~Off | Whether the port for iDRAC Direct works.
EmbNic1Nic2 | Embedded NIC1 and NIC2 | Enabled~DisabledOs | Whether the embedded ports are shown to the operating system.
IntegratedNetwork1 | Integrated Network Card 1 | Enabled~DisabledOs | Whether the integrated card is shown to the operating system.
EmbVideo | Embedded Video Controller | Enabled~Disabled | Uses the video controller on the board.
CurrentEmbVideoState | Current State of Embedded Video Controller | !"Enabled" 1024 | What the video controller does now.
SriovGlobalEnable | SR-IOV Global Enable | Disabled~Enabled | Lets the BIOS set up single-root I/O virtualization.
InternalSdCard | Internal SD Card Port | Off~On | Whether the internal SD card works.
OsWatchdogTimer | OS Watchdog Timer | Disabled~Enabled | Restarts the server when the operating system no longer answers.
MemoryMappedIOH | Memory Mapped I/O Base | 56TB~12TB~512GB | Where addresses of PCIe devices begin.
[IntegratedDevicesRef/SlotDisablementRef] Slot Disablement
Slot1 | Slot 1 | Enabled~Disabled~BootDriverDisabled | Whether the card in slot 1 works.
Slot2 | Slot 2 | Enabled~Disabled~BootDriverDisabled | Whether the card in slot 2 works.
Slot3 | Slot 3 | Enabled~Disabled~BootDriverDisabled | Whether the card in slot 3 works.
Slot4 | Slot 4 | Enabled~Disabled~BootDriverDisabled | Whether the card in slot 4 works.
[IntegratedDevicesRef/SlotBifurcationRef] Slot Bifurcation
DellAutoDiscovery | Auto Discovery Bifurcation Settings | PlatformDefault~AutoDiscovery~ManualControl | Who splits the lanes of a slot.
Slot1Bif | Slot 1 Bifurcation | x16~x8~x4~x4x4x8~x8x4x4 | How the lanes of slot 1 are split.
Slot2Bif | Slot 2 Bifurcation | x16~x8~x4~x4x4x8~x8x4x4 | How the lanes of slot 2 are split.
[SerialCommSettingsRef] Serial Communication
SerialComm | Serial Communication | OnNoConRedir~OnConRedir~Off | Whether and where the console is shown over a serial line.
SerialPortAddress | Serial Port Address | Com1~Com2 | Addresses of the serial ports.
ExtSerialConnector | External Serial Connector | !Serial1~Serial2~RemoteAccDevice | What the outer connector leads to.
FailSafeBaud | Failsafe Baud Rate | 115200~57600~19200~9600 | Speed when none can be agreed on.
ConTermType | Remote Terminal Type | Vt100Vt220~Ansi | What kind of terminal is expected.
RedirAfterBoot | Redirection After Boot | Enabled~Disabled | Goes on showing the console when the system has started.
[SysProfileSettingsRef] System Profile Settings
SysProfile | System Profile | PerfOptimized~PerfPerWattOptimizedDapc~PerfPerWattOptimizedOs~DenseCfgOptimized~Custom | A set of power and performance settings; Custom lets each be set.
MemFrequency | Memory Frequency | MaxPerf~MaxReliability | The greatest clock of the memory.
MemPatrolScrub | Memory Patrol Scrub | Standard~Extended~Disabled | How often memory is searched for errors and mended.
MemRefreshRate | Memory Refresh Rate | 1x~2x | How often memory is refreshed.
ProcPwrPerf | CPU Power Management | MaxPerf~SysDbpm~OsDbpm | Who decides on the clock of the processor.
ProcC1E | C1E | Disabled~Enabled | Lets idle processors go to a lower state.
ProcCStates | C States | Disabled~Enabled~Autonomous | Lets idle processors use all lower states.
EnergyPerformanceBias | Energy Efficient Policy | MaxPower~BalancedPerformance~BalancedEfficiency~LowPower | Whether the processor leans to speed or to saving.
MonitorMwait | Monitor/Mwait | Enabled~Disabled | Lets programs wait with the processor's own instruction.
CpuInterconnectBusLinkPower | CPU Interconnect Bus Link Power Management | Disabled~Enabled | Saves power on the bus between processors.
PcieAspmL1 | PCI ASPM L1 Link Power Management | Disabled~Enabled | Saves power on PCIe links.
WorkloadProfile | Workload Profile | NotConfigured~HpcProfile~LowLatencyOptimizedProfile~VtOptimizedProfile~DbOptimizedProfile~SdsOptimizedProfile | Settings for a kind of work; they are set once when it is chosen.
[SysSecurityRef] System Security
AesNi | CPU AES-NI | !"Enabled" 8 | Whether the processor can encrypt.
SysPassword | System Password | *32 | Asked for before the operating system is started.
SetupPassword | Setup Password | *32 | Asked for before settings are changed at the console.
SHA256SystemPassword | SHA256 hash of the System password | "" 64 | Hash of the system password.
SHA256SystemPasswordSalt | Salt string appended to the System password prior to hash | "" 32 | Salt of that hash.
SHA256SetupPassword | SHA256 hash of the Setup password | "" 64 | Hash of the setup password.
SHA256SetupPasswordSalt | Salt string appended to the Setup password prior to hash | "" 32 | Salt of that hash.
PasswordStatus | Password Status | Unlocked~Locked | Whether the system password may be changed.
TpmInfo | TPM Information | !"Type: 2.0  NTC" 1024 | The kind of trusted platform module.
TpmFirmware | TPM Firmware | !"7.2.2.0" 1024 | Its firmware.
TpmSecurity | TPM Security | On~Off | Whether the module is shown to the operating system.
Tpm2Hierarchy | TPM Hierarchy | Enabled~Disabled~Clear | Switches parts of the module.
PwrButton | Power Button | Enabled~Disabled | Whether the button at the front works.
AcPwrRcvry | AC Power Recovery | Last~On~Off | What happens when power comes back.
AcPwrRcvryDelay | AC Power Recovery Delay | Immediate~Random~User | When that happens.
AcPwrRcvryUserDelay | User Defined Delay (120s to 600s) | 120 120..600 | Seconds to wait.
UefiVariableAccess | UEFI Variable Access | Standard~Controlled | Whether the operating system may change UEFI variables.
SecureBoot | Secure Boot | Disabled~Enabled | Starts signed software only.
SecureBootPolicy | Secure Boot Policy | Standard~Custom | Whose signatures count.
SecureBootMode | Secure Boot Mode | DeployedMode~UserMode | How signatures are managed.
SmmSecurityMitigation | SMM Security Mitigation | Disabled~Enabled | Guards the management mode of the processor.
[SysSecurityRef/TpmAdvancedSettingsRef] TPM Advanced Settings
TpmPpiBypassProvision | TPM PPI Bypass Provision | Disabled~Enabled | Sets the module up without asking at the console.
TpmPpiBypassClear | TPM PPI Bypass Clear | Disabled~Enabled | Clears the module without asking at the console.
[RedundantOsControlRef] Redundant OS Control
RedundantOsLocation | Redundant OS Location | None~InternalUsb~SataA | Where a second operating system is.
RedundantOsState | Redundant OS State | Visible~Hidden | Whether it is shown.
RedundantOsBoot | Redundant OS Boot | Disabled~Enabled | Whether it is started next.
[MiscSettingsRef] Miscellaneous Settings
AssetTag | Asset Tag | "" 63 | A number of your own for this system.
NumLock | Keyboard NumLock | On~Off | State of the key at start.
ErrPrompt | F1/F2 Prompt on Error | Enabled~Disabled | Waits at the console when something is wrong.
ForceInt10 | Load Legacy Video Option ROM | Disabled~Enabled | Loads the old interface of the video card.
DellWyseP25BIOSAccess | Dell Wyse P25/P45 BIOS Access | Enabled~Disabled | Lets those terminals into the BIOS.
PowerCycleRequest | Power Cycle Request | None~FullPowerCycle | Cuts all power when the system is next switched off.
"""

INTEL: Final = """
[ProcSettingsRef] Processor Settings
SubNumaCluster | Sub NUMA Cluster | Disabled~2-Way | Splits the last-level cache into domains.
UpiPrefetch | UPI Prefetch | Enabled~Disabled | Reads memory ahead over the bus between processors.
LlcPrefetch | LLC Prefetch | Disabled~Enabled | Fetches into the last-level cache.
DeadLineLlcAlloc | Dead Line LLC Alloc | Enabled~Disabled | Fills dead lines of the last-level cache.
DirectoryAtoS | Directory AtoS | Disabled~Enabled | Helps workloads that read the same memory.
[SysProfileSettingsRef] System Profile Settings
ProcTurboMode | Turbo Boost | Enabled~Disabled | Lets the processor run faster than its nominal clock.
UncoreFrequency | Uncore Frequency | MaxUFS~DynamicUFS | Clock of the parts around the cores.
[SysSecurityRef] System Security
IntelTxt | Intel(R) TXT | Off~On | Trusted execution.
IntelSgx | Intel(R) SGX | Off~On~Software | Guarded memory of programs.
MemoryEncryption | Memory Encryption | Disabled~SingleKey~MultipleKeys | Encrypts memory.
"""

AMD: Final = """
[ProcSettingsRef] Processor Settings
NumaNodesPerSocket | NUMA Nodes Per Socket | 1~2~4 | Into how many domains the memory of a processor is split.
CcxAsNumaDomain | L3 cache as NUMA Domain | Disabled~Enabled | Makes each third-level cache a domain.
TransparentSme | Secure Memory Encryption | Disabled~Enabled | Encrypts all memory.
IommuSupport | IOMMU Support | Enabled~Disabled | Lets the system guard memory from devices.
KernelDmaProtection | Kernel DMA Protection | Disabled~Enabled | Blocks devices from memory until drivers are loaded.
[SysProfileSettingsRef] System Profile Settings
ProcTurboMode | Turbo Boost | Enabled~Disabled | Lets the processor run faster than its nominal clock.
DfCState | DF C-States | Disabled~Enabled | Lets the data fabric save power.
DeterminismSlider | Determinism Slider | PowerDeterminism~PerformanceDeterminism | Whether all processors are alike or each as fast as it can.
"""

DEPENDENCIES: Final = """
HttpDev1Interface ReadOnly: HttpDev1EnDis=Disabled
HttpDev1Protocol ReadOnly: HttpDev1EnDis=Disabled
HttpDev1VlanEnDis ReadOnly: HttpDev1EnDis=Disabled
HttpDev1VlanId ReadOnly: HttpDev1EnDis=Disabled, HttpDev1VlanEnDis=Disabled
HttpDev1DhcpEnDis ReadOnly: HttpDev1EnDis=Disabled
HttpDev1Ip ReadOnly: HttpDev1EnDis=Disabled, HttpDev1DhcpEnDis=Enabled
HttpDev1Ip Hidden: HttpDev1Protocol=IPv6
HttpDev1Mask ReadOnly: HttpDev1EnDis=Disabled, HttpDev1DhcpEnDis=Enabled
HttpDev1Mask Hidden: HttpDev1Protocol=IPv6
HttpDev1Gateway ReadOnly: HttpDev1EnDis=Disabled, HttpDev1DhcpEnDis=Enabled
HttpDev1Dns1 ReadOnly: HttpDev1EnDis=Disabled, HttpDev1DnsDhcpEnDis=Enabled
HttpDev1Dns2 ReadOnly: HttpDev1EnDis=Disabled, HttpDev1DnsDhcpEnDis=Enabled
HttpDev1Uri ReadOnly: HttpDev1EnDis=Disabled
HttpDev1TlsMode ReadOnly: HttpDev1EnDis=Disabled
PxeDev1Interface ReadOnly: PxeDev1EnDis=Disabled
PxeDev1Protocol ReadOnly: PxeDev1EnDis=Disabled
PxeDev1VlanEnDis ReadOnly: PxeDev1EnDis=Disabled
PxeDev1VlanId ReadOnly: PxeDev1EnDis=Disabled, PxeDev1VlanEnDis=Disabled
PxeDev1VlanPriority ReadOnly: PxeDev1EnDis=Disabled, PxeDev1VlanEnDis=Disabled
ProcPwrPerf=SysDbpm: SysProfile=PerfPerWattOptimizedDapc, SysProfile=DenseCfgOptimized
ProcPwrPerf=OsDbpm: SysProfile=PerfPerWattOptimizedOs
ProcPwrPerf=MaxPerf: SysProfile=PerfOptimized
ProcPwrPerf ReadOnly: SysProfile!=Custom
MemFrequency=MaxPerf: SysProfile!=Custom
MemFrequency ReadOnly: SysProfile!=Custom
ProcTurboMode=Enabled: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=PerfOptimized
ProcTurboMode=Disabled: SysProfile=DenseCfgOptimized
ProcTurboMode ReadOnly: SysProfile!=Custom
ProcC1E=Enabled: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=DenseCfgOptimized
ProcC1E=Disabled: SysProfile=PerfOptimized
ProcC1E ReadOnly: SysProfile!=Custom
ProcCStates=Enabled: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=DenseCfgOptimized
ProcCStates=Disabled: SysProfile=PerfOptimized
ProcCStates ReadOnly: SysProfile!=Custom
MemPatrolScrub=Extended: SysProfile=DenseCfgOptimized
MemPatrolScrub=Standard: SysProfile=PerfOptimized, SysProfile=PerfPerWattOptimizedOs, SysProfile=PerfPerWattOptimizedDapc
MemPatrolScrub ReadOnly: SysProfile!=Custom
MemRefreshRate=1x: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=PerfOptimized
MemRefreshRate=2x: SysProfile=DenseCfgOptimized
MemRefreshRate ReadOnly: SysProfile!=Custom
UncoreFrequency=DynamicUFS: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=DenseCfgOptimized
UncoreFrequency=MaxUFS: SysProfile=PerfOptimized
UncoreFrequency ReadOnly: SysProfile!=Custom
EnergyPerformanceBias=MaxPower: SysProfile=PerfOptimized
EnergyPerformanceBias=BalancedPerformance: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=DenseCfgOptimized
EnergyPerformanceBias ReadOnly: SysProfile!=Custom
MonitorMwait=Enabled: SysProfile!=Custom
MonitorMwait ReadOnly: SysProfile!=Custom
CpuInterconnectBusLinkPower=Enabled: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=DenseCfgOptimized
CpuInterconnectBusLinkPower=Disabled: SysProfile=PerfOptimized
CpuInterconnectBusLinkPower ReadOnly: SysProfile!=Custom
PcieAspmL1=Enabled: SysProfile=PerfPerWattOptimizedDapc, SysProfile=PerfPerWattOptimizedOs, SysProfile=DenseCfgOptimized
PcieAspmL1=Disabled: SysProfile=PerfOptimized
PcieAspmL1 ReadOnly: SysProfile!=Custom
Slot1Bif ReadOnly: DellAutoDiscovery!=ManualControl
Slot2Bif ReadOnly: DellAutoDiscovery!=ManualControl
AcPwrRcvryDelay ReadOnly: AcPwrRcvry=Off
AcPwrRcvryUserDelay ReadOnly: AcPwrRcvryDelay!=User
SecureBoot=Disabled: BootMode=Bios
SecureBoot ReadOnly: BootMode=Bios, ForceInt10=Enabled
SecureBootPolicy ReadOnly: BootMode=Bios, ForceInt10=Enabled
SecureBootMode ReadOnly: BootMode=Bios, ForceInt10=Enabled
ForceInt10 ReadOnly: SecureBoot=Enabled
SmmSecurityMitigation=Disabled: BootMode=Bios
GenericUsbBoot ReadOnly: BootMode=Uefi
HddPlaceholder ReadOnly: BootMode=Uefi
Tpm2Hierarchy ReadOnly: TpmSecurity=Off
TpmPpiBypassProvision ReadOnly: TpmSecurity=Off
TpmPpiBypassClear ReadOnly: TpmSecurity=Off
IntelTxt=Off: ProcVirtualization=Disabled, TpmSecurity=Off
IntelTxt ReadOnly: ProcVirtualization=Disabled, TpmSecurity=Off
IntelSgx=Off: NodeInterleave!=Disabled, MemOpMode!=OptimizerMode, MemoryEncryption=Disabled
IntelSgx ReadOnly: NodeInterleave!=Disabled, MemOpMode!=OptimizerMode, MemoryEncryption=Disabled
NodeInterleave ReadOnly: SubNumaCluster=2-Way
RedundantOsState=Visible: RedundantOsLocation=None
RedundantOsState ReadOnly: RedundantOsLocation=None
RedundantOsBoot=Disabled: RedundantOsLocation=None, RedundantOsState=Hidden
RedundantOsBoot ReadOnly: RedundantOsLocation=None, RedundantOsState=Hidden
SysPassword ReadOnly: PasswordStatus=Locked
"""
