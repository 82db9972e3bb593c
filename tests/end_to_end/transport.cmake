# The feed's connection against peers that break the rules, and against the rules themselves.
add_executable(echo_client echo_client.cpp)
find_package(CLI11 REQUIRED)
target_link_libraries(echo_client PRIVATE asio websocket_feed CLI11::CLI11 warnings)

foreach(test hostile_peers echo_client)
  add_test(NAME EndToEnd.${test}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/${test}_test.py)
  set_tests_properties(EndToEnd.${test} PROPERTIES LABELS end_to_end TIMEOUT 900
    ENVIRONMENT "${programs};PROGRAM_ECHO_CLIENT=$<TARGET_FILE:echo_client>")
endforeach()
