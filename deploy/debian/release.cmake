# Sets `release` to what tells this machine's Debian from others: its number, or the name where there
# is none, as in testing and unstable. dpkg sorts names behind numbers, so that leaving 13 for testing
# is an upgrade; the release that testing becomes takes the next version as one.
cmake_host_system_information(RESULT release QUERY DISTRIB_VERSION_ID)
if(release STREQUAL "")
  cmake_host_system_information(RESULT release QUERY DISTRIB_VERSION_CODENAME)
endif()
if(release STREQUAL "")
  set(release unknown)
endif()
