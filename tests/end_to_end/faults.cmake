# What goes wrong in earnest: processes killed, disks that fail, crowds of strangers. Each is short here, and
# a long campaign by hand; --help says how.
find_program(STRACE strace)
if(NOT STRACE)
  message(FATAL_ERROR "strace is not installed; the tests of failing disks need it. "
    "Install Debian's package strace, or configure with -DBUILD_TESTING=OFF.")
endif()

function(add_fault_test name)
  add_test(NAME EndToEnd.${name} COMMAND Python3::Interpreter ${ARGN})
  set_tests_properties(EndToEnd.${name} PROPERTIES LABELS end_to_end TIMEOUT 900
    ENVIRONMENT "${programs}")
endfunction()

set(here ${CMAKE_CURRENT_SOURCE_DIR})
foreach(stream StreamWithPositions PlainStream Counters Restart)
  add_fault_test(kill.${stream} ${here}/kill_test.py ${stream})
endforeach()
foreach(of CallOfASnapshot ProcessOfASnapshot FileOfASnapshot Journal DiskThatHangs)
  add_fault_test(disk_faults.${of} ${here}/disk_faults_test.py ${of})
endforeach()
add_fault_test(canary ${here}/canary_test.py)
add_fault_test(soak ${here}/soak --hours 0.004 --every 2 --rate 100
  --faults kill,terminate,damaged_snapshot,hang)
add_fault_test(standing_reader ${here}/standing_reader_test.py)
# What memory and processor time a program takes is not to be measured beside the sanitizers, and they
# take address space without end.
if(NOT DESKPULSE_SANITIZE)
  add_fault_test(scarce_memory ${here}/scarce_memory_test.py)
  foreach(of Growth Collisions)
    add_fault_test(growth.${of} ${here}/growth_test.py ${of})
  endforeach()
endif()
