# The runtime library's JavaScript, bundled into one C file of room_runtime.
find_program (NODE node REQUIRED)
file (GLOB_RECURSE runtime_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/runtime/*.js
  ${CMAKE_SOURCE_DIR}/runtime/*.json ${CMAKE_SOURCE_DIR}/runtime/*.mjs)
set (runtime_scripts ${CMAKE_BINARY_DIR}/generated/runtime_scripts.c)
add_custom_command (OUTPUT ${runtime_scripts}
  COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/runtime/build.mjs ${runtime_scripts}
  DEPENDS ${runtime_sources} ${CMAKE_SOURCE_DIR}/package-lock.json VERBATIM)
target_sources (room_runtime PRIVATE ${runtime_scripts})

# The Encoding standard's tables, likewise.
set (encoding_tables ${CMAKE_BINARY_DIR}/generated/encoding_tables.c)
add_custom_command (OUTPUT ${encoding_tables}
  COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/runtime/encodings.mjs ${encoding_tables}
  DEPENDS ${CMAKE_SOURCE_DIR}/runtime/encodings.mjs ${CMAKE_SOURCE_DIR}/package-lock.json VERBATIM)
target_sources (room_runtime PRIVATE ${encoding_tables})
