# How every folder of the project is built: one target a folder, named after it.
#
#   tanba_module(DEPS base pki LINK OpenSSL::Crypto)   the library of this folder
#   tanba_program(tanbad main.cc DEPS server)          a program in <build>/bin
#
# `x_test.cc` beside the code joins the folder's test program, `x_fuzz.cc` becomes a fuzz target.

add_library(tanba_options INTERFACE)
target_compile_features(tanba_options INTERFACE cxx_std_23)
target_include_directories(tanba_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(tanba_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wcast-qual
  -Wformat=2 -Wundef -Wimplicit-fallthrough -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers  # designated initialisers leave members at their defaults on purpose
  # GCC 12 sees both in its own headers where there is nothing (GCC bugs 105329 and 104475).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow -Wduplicated-cond -Wlogical-op>
  # GCC 12's stable_sort uses what C++17 deprecated; Clang says so at each use of ours. GCC still warns of real ones.
  # The text of the API is longer than the 64 KiB that the standard promises; every compiler takes it.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations -Wno-overlength-strings>
  -fno-strict-aliasing)
target_compile_definitions(tanba_options INTERFACE _GLIBCXX_ASSERTIONS BOOST_JSON_NO_LIB BOOST_ASIO_NO_DEPRECATED)
if(NOT TANBA_FLAVOUR STREQUAL "fuzz")
  target_link_options(tanba_options INTERFACE -fuse-ld=mold)
endif()

if(TANBA_FLAVOUR MATCHES "^(release|tsan|fuzz)$")
  # A folder's files are compiled together, a few at a time: headers are read and templates made once for all of them,
  # which is most of the work. So names in unnamed namespaces differ within a folder. The other flavours compile each
  # file by itself, which shows that it includes what it uses, and builds quickly after a change.
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
  # GCC takes types of an unnamed namespace for a header's when their file is included by another.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

if(TANBA_FLAVOUR STREQUAL "release")
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  # -fcf-protection: indirect branches land on marked places only (Intel CET); harmless elsewhere.
  target_compile_options(tanba_options INTERFACE -O2 -g1 -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>
    $<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>>:-fPIE>)
  target_compile_definitions(tanba_options INTERFACE _FORTIFY_SOURCE=3 NDEBUG)
  target_link_options(tanba_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
elseif(TANBA_FLAVOUR STREQUAL "asan")
  # GCC 12 sees uninitialised variables where the sanitizers' own checks stand between writing and reading.
  target_compile_options(tanba_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_options(tanba_options INTERFACE -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(tanba_options INTERFACE -fsanitize=address,undefined)
elseif(TANBA_FLAVOUR STREQUAL "tsan")
  target_compile_options(tanba_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_options(tanba_options INTERFACE -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread)
  target_link_options(tanba_options INTERFACE -fsanitize=thread)
elseif(TANBA_FLAVOUR STREQUAL "fuzz")
  target_compile_options(tanba_options INTERFACE -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -Wno-unused-command-line-argument)
  target_link_options(tanba_options INTERFACE -fsanitize=address,undefined)
else()
  target_compile_options(tanba_options INTERFACE -O0 -g1)
endif()

set(TANBA_TEST_ENVIRONMENT
  "TANBA_CERTS_TEST=${PROJECT_BINARY_DIR}/certs-test"
  "TANBA_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "TANBA_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
if(TANBA_CORPORA)
  list(APPEND TANBA_TEST_ENVIRONMENT "TANBA_CORPORA=${TANBA_CORPORA}")
endif()

# The target of the folder that the calling CMakeLists.txt lies in: net/fetch -> tanba_net_fetch.
function(tanba_target_name out)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" folder ${folder})
  string(REPLACE "-" "_" folder ${folder})
  set(${out} ${folder} PARENT_SCOPE)
endfunction()

function(tanba_module)
  cmake_parse_arguments(arg "" "" "DEPS;LINK;TEST_DEPS" ${ARGN})
  tanba_target_name(folder)
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cc$")
  if(sources)
    add_library(tanba_${folder} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(tanba_${folder} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(tanba_${folder} ${scope} tanba_options ${arg_LINK})
  foreach(dep ${arg_DEPS})
    string(REPLACE "/" "_" dep ${dep})
    target_link_libraries(tanba_${folder} ${scope} tanba_${dep})
  endforeach()

  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  if(tests AND NOT TANBA_FLAVOUR STREQUAL "fuzz")
    add_executable(${folder}_test ${tests})
    set_target_properties(${folder}_test PROPERTIES UNITY_BUILD OFF)
    target_link_libraries(${folder}_test PRIVATE tanba_${folder} GTest::gmock GTest::gtest_main)
    if(TANBA_FLAVOUR STREQUAL "release")
      target_compile_options(${folder}_test PRIVATE -O1)  # the tests' own files: a fifth less time to build
    endif()
    foreach(dep ${arg_TEST_DEPS})
      string(REPLACE "/" "_" dep ${dep})
      target_link_libraries(${folder}_test PRIVATE tanba_${dep})
    endforeach()
    set_target_properties(${folder}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    gtest_discover_tests(${folder}_test TEST_PREFIX "${folder}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      TEST_LIST ${folder}_tests PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED certs_test)
    # gtest_discover_tests takes a list apart and would keep the first variable only, so the environment is set after it.
    set(environment_file ${CMAKE_CURRENT_BINARY_DIR}/${folder}_environment.cmake)
    file(WRITE ${environment_file} "if(${folder}_tests)
  set_tests_properties(\${${folder}_tests} PROPERTIES ENVIRONMENT \"${TANBA_TEST_ENVIRONMENT}\")
endif()
")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${environment_file})
  endif()

  # A fuzz target is one program two ways: under libFuzzer, and (in every other build) replaying its seeds as a test.
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  foreach(source ${fuzzers})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${folder}_${name} ${source})
    target_link_libraries(${folder}_${name} PRIVATE tanba_${folder})
    set_target_properties(${folder}_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    if(TANBA_FLAVOUR STREQUAL "fuzz")
      target_link_options(${folder}_${name} PRIVATE -fsanitize=fuzzer)
    else()
      target_sources(${folder}_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
      add_test(NAME fuzz.${folder}.${name} COMMAND ${folder}_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/${name})
      set_tests_properties(fuzz.${folder}.${name} PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED certs_test ENVIRONMENT "${TANBA_TEST_ENVIRONMENT}")
    endif()
  endforeach()
endfunction()

# Everything that runs: what ./run builds.
add_custom_target(programs)

function(tanba_program name)
  cmake_parse_arguments(arg "" "" "DEPS;LINK" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE tanba_options ${arg_LINK})
  foreach(dep ${arg_DEPS})
    string(REPLACE "/" "_" dep ${dep})
    target_link_libraries(${name} PRIVATE tanba_${dep})
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()
