# aimlock_component(NAME lock DEPENDS solver SOURCES … PUBLIC_LIBS … PRIVATE_LIBS …)
# One static library per top-level folder; NAME is the folder. DEPENDS is the folder's right to include others.
function(aimlock_component)
    cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPENDS;PUBLIC_LIBS;PRIVATE_LIBS" ${ARGN})
    add_library(aimlock_${arg_NAME} STATIC ${arg_SOURCES})
    add_library(aimlock::${arg_NAME} ALIAS aimlock_${arg_NAME})
    target_include_directories(aimlock_${arg_NAME} PUBLIC ${PROJECT_SOURCE_DIR})
    list(TRANSFORM arg_DEPENDS PREPEND aimlock::)
    target_link_libraries(aimlock_${arg_NAME}
        PUBLIC ${arg_DEPENDS} ${arg_PUBLIC_LIBS}
        PRIVATE aimlock::warnings ${arg_PRIVATE_LIBS})
endfunction()
