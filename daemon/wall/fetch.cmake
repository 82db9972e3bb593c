# Installs what package-lock.json names into the folder TO, which holds nothing else.
#   cmake -D NPM=... -D FROM=... -D TO=... -D FILES=... -P fetch.cmake
file(REMOVE_RECURSE ${TO})
foreach(file IN LISTS FILES)
  file(COPY ${FROM}/${file} DESTINATION ${TO})
endforeach()
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --no-update-notifier
  WORKING_DIRECTORY ${TO} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT result EQUAL 0)
  string(REGEX REPLACE "\n" "\n  " said "  ${said}")
  message("${said}")
  message(FATAL_ERROR "npm could not fetch uPlot for the wall page (it said why above). It asks the "
    "registry that \"npm config get registry\" names: check the network and that setting, and build "
    "again.")
endif()
