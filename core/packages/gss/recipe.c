/* SPDX-License-Identifier: MIT */
#include "recipe.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void gss_recipe_clear(gss_recipe *recipe)
{
    OM_uint32 minor;

    gss_release_name(&minor, &recipe->name);
    free(recipe->ccache);
    free(recipe->keytab);
    free(recipe->client_keytab);
    free(recipe->replay_cache);
    free(recipe->account);
    gss_text_wipe(recipe->password);
    free(recipe->login_keytab);
    free(recipe->armor_cache);
    free(recipe->impersonate);
    memset(recipe, 0, sizeof *recipe);
}
