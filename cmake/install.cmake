# What is installed beside the programs: units, users, folders, documents, examples.
include(GNUInstallDirs)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tanba)
install(FILES deploy/examples/tanbad.toml deploy/examples/keyd.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tanba/examples)
install(FILES deploy/systemd/tanba.sysusers DESTINATION lib/sysusers.d RENAME tanba.conf)
install(FILES deploy/systemd/tanba.tmpfiles DESTINATION lib/tmpfiles.d RENAME tanba.conf)
# The units name programs and documents under /usr/local; under another prefix they name that. Written while installing:
# `cmake --install --prefix` may name another place than the configuration did.
install(CODE "
  foreach(unit tanbad tanba-keyd)
    set(to \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/\${unit}.service\")
    file(READ \"${PROJECT_SOURCE_DIR}/deploy/systemd/\${unit}.service\" text)
    string(REPLACE /usr/local/ \"\${CMAKE_INSTALL_PREFIX}/\" text \"\${text}\")
    file(WRITE \"\$ENV{DESTDIR}\${to}\" \"\${text}\")
    message(STATUS \"Installing: \$ENV{DESTDIR}\${to}\")
  endforeach()
")
