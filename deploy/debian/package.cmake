# The Debian package: `cpack` in the build directory, or `cmake --build … -t package`, makes
# deskpulse_VERSION~debRELEASE_ARCHITECTURE.deb. Made of one revision it is the same bytes wherever and whenever
# it is made, with the compiler and the libraries of the same Debian.
include(GNUInstallDirs)

set(share share/deskpulse)
set(doc share/doc/deskpulse)
set(here ${PROJECT_SOURCE_DIR}/deploy)

install(TARGETS deskpulse-sim)

# Where Debian looks for them, whatever the prefix.
install(FILES ${here}/systemd/deskpulsed.service DESTINATION /usr/lib/systemd/system)
install(FILES ${here}/systemd/deskpulse.sysusers.conf DESTINATION /usr/lib/sysusers.d
  RENAME deskpulse.conf)
install(FILES ${here}/deskpulse.toml DESTINATION /etc/deskpulse)

install(FILES ${here}/completion/deskpulse.bash
  DESTINATION share/bash-completion/completions RENAME deskpulsed)
install(FILES ${here}/completion/deskpulse.bash
  DESTINATION share/bash-completion/completions RENAME deskpulse-sim)

install(FILES ${here}/INSTALL.md DESTINATION ${doc} RENAME README.Debian)
install(FILES ${here}/debian/copyright
  ${PROJECT_SOURCE_DIR}/proto/METRICS.md ${PROJECT_SOURCE_DIR}/proto/PROTOCOL.md
  ${PROJECT_SOURCE_DIR}/proto/API.md DESTINATION ${doc})

# Debian wants these compressed, with no name and no time inside.
find_program(GZIP gzip REQUIRED)
set(compressed)
function(install_compressed source name destination)
  set(result ${CMAKE_CURRENT_BINARY_DIR}/package/${name}.gz)
  add_custom_command(OUTPUT ${result}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/package
    COMMAND ${GZIP} -9nc ${source} > ${result}
    DEPENDS ${source} VERBATIM)
  install(FILES ${result} DESTINATION ${destination})
  set(compressed ${compressed} ${result} PARENT_SCOPE)
endfunction()
foreach(page deskpulsed.1 deskpulse-sim.1 deskpulse.toml.5)
  string(REGEX MATCH "[0-9]$" section ${page})
  install_compressed(${here}/man/${page} ${page} share/man/man${section})
endforeach()
install_compressed(${here}/debian/changelog changelog ${doc})
add_custom_target(package_documents ALL DEPENDS ${compressed})

# What Prometheus, Alertmanager and Grafana are given, and the runbooks that their alerts name. Rules
# and dashboards are used where they lie, so that an upgrade brings the new ones.
set(of_the_tests PATTERN "tests" EXCLUDE PATTERN "*_test*" EXCLUDE PATTERN "node_modules" EXCLUDE)
foreach(folder deploy/prometheus deploy/alertmanager deploy/runbooks grafana/dashboards
    grafana/provisioning grafana/playlists)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
    cmake_path(GET folder FILENAME name)
    if(folder MATCHES "^grafana")
      set(name grafana/${name})
    endif()
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${share}/${name} ${of_the_tests})
  endif()
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/grafana/README.md DESTINATION ${share}/grafana)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME deskpulse)
set(CPACK_PACKAGE_CONTACT "deskpulse maintainers <maintainers@deskpulse.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "live numbers of an online shop's customer service")
set(CPACK_PACKAGE_DESCRIPTION "Follows the stream of chat messages of an online shop's customer
service and says, at every moment: how many customers are waiting and how
long, how many got a slow response, how loaded each agent is, and how today
went so far; as a page for the big screen, as JSON and for Prometheus.
.
实时统计店铺客服：等待人数、慢响应、接待压力、回复率；自带大屏页面。
.
Comes with a simulator of chat traffic, Prometheus rules, Grafana dashboards
and runbooks in Chinese and English.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# It depends on libraries by the names of one release, so each release has a package of its own; an
# upgrade of the machine upgrades it.
include(${CMAKE_CURRENT_LIST_DIR}/release.cmake)
set(CPACK_DEBIAN_PACKAGE_VERSION "${PROJECT_VERSION}~deb${release}")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# Libraries are found by dpkg-shlibdeps, of the Debian package dpkg-dev.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "systemd | systemd-standalone-sysusers | systemd-sysusers, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, prometheus-alertmanager")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/package/conffiles
  CONTENT "/etc/deskpulse/deskpulse.toml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/package/conffiles
  ${here}/debian/postinst ${here}/debian/prerm ${here}/debian/postrm)
# Runs in cpack itself: there it gives the files the time of the revision.
set(CPACK_PROJECT_CONFIG_FILE ${here}/debian/reproducible.cmake)
set(CPACK_DESKPULSE_SOURCE_DIR ${PROJECT_SOURCE_DIR})
include(CPack)
