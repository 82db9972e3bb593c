# What an operator installs. Included by CMakeLists.txt, which sets `programs`.
foreach(test unit configuration manual completion)
  add_test(NAME EndToEnd.package_${test}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/package_${test}_test.py)
  set_tests_properties(EndToEnd.package_${test} PROPERTIES LABELS end_to_end TIMEOUT 900
    ENVIRONMENT "${programs}")
endforeach()

add_test(NAME EndToEnd.fresh_root
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/fresh_root_test.py ${PROJECT_SOURCE_DIR})
set_tests_properties(EndToEnd.fresh_root PROPERTIES LABELS end_to_end TIMEOUT 900
  ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

# Only of what is shipped. `package_in_a_fresh_root`, `in_a_fresh_root` and `package_is_reproducible`
# go further, and take minutes or an hour.
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT DESKPULSE_SANITIZE)
  add_test(NAME EndToEnd.package_content
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/package_content_test.py)
  set_tests_properties(EndToEnd.package_content PROPERTIES LABELS end_to_end TIMEOUT 1800
    ENVIRONMENT "${programs};BUILD_DIRECTORY=${PROJECT_BINARY_DIR}")
  # The commands of the documents, on a machine that is booted for them: skipped where there can be none.
  add_test(NAME EndToEnd.commands
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/commands/commands_test.py)
  set_tests_properties(EndToEnd.commands PROPERTIES LABELS end_to_end TIMEOUT 1800
    SKIP_RETURN_CODE 77 ENVIRONMENT "${programs}")
  set_tests_properties(EndToEnd.package_content EndToEnd.commands PROPERTIES RESOURCE_LOCK cpack)
endif()
