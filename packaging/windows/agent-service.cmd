@echo off
rem Installs the agent as a Windows service. Run as administrator, in the program's folder, after:
rem   dsm-desktop --profile "%ProgramData%\DSM Desktop" admin init --key file
setlocal
set "EXE=%~dp0dsm-desktop.exe"
set "PROFILE=%ProgramData%\DSM Desktop"
sc.exe create DsmDesktopAgent binPath= "\"%EXE%\" --profile \"%PROFILE%\" agent --service" start= delayed-auto DisplayName= "DSM Desktop agent" || exit /b 1
sc.exe description DsmDesktopAgent "Runs maintenance jobs of DSM Desktop without a window."
sc.exe failure DsmDesktopAgent reset= 86400 actions= restart/10000/restart/60000/restart/60000
icacls.exe "%PROFILE%" /inheritance:r /grant:r "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F"
sc.exe start DsmDesktopAgent
