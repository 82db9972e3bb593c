# Read by cpack before it packs. Everything in the package gets one time: what SOURCE_DATE_EPOCH says,
# else the time of the newest commit, else of the newest entry of the changelog.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
if("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  execute_process(COMMAND git -C ${CPACK_DESKPULSE_SOURCE_DIR} log -1 --format=%ct
    OUTPUT_VARIABLE time OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT time)
    execute_process(COMMAND dpkg-parsechangelog -S Timestamp
        -l ${CPACK_DESKPULSE_SOURCE_DIR}/deploy/debian/changelog
      OUTPUT_VARIABLE time OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(ENV{SOURCE_DATE_EPOCH} ${time})
endif()
