import pyotp, pytest
from tests.desk import PASSWORD
WIDTHS={"1280":(1280,800),"360":(360,720)}
async def test_look(at, chromium, picture):
    await at.agent()
    sup = await at.agent("Thura","shwe","supervisor")
    for lang in ("en","th","my"):
        async with at.database.desk(sup.organisation) as c:
            await c.execute("update agent set screen_language=%s", [lang])
        for scheme in ("light","dark"):
            for w,(x,y) in WIDTHS.items():
                ctx = await chromium.new_context(viewport={"width":x,"height":y}, color_scheme=scheme, locale=lang)
                page = await ctx.new_page()
                logs=[]
                page.on("console", lambda m: logs.append(m.text)); page.on("requestfailed", lambda r: logs.append("FAILED "+r.url)); page.on("pageerror", lambda e: logs.append(str(e)))
                tag=f"{lang}-{w}-{scheme}"
                await page.goto(at.base+"/sign-in"); await picture(page,f"signin-{tag}")
                await page.fill("#name","mya@shwe"); await page.fill("#password","wrong password!"); await page.click(".button-main"); await picture(page,f"wrong-{tag}")
                await page.fill("#password",PASSWORD); await page.click(".button-main"); await page.wait_for_url(at.base+"/"); await picture(page,f"desks-{tag}")
                await page.goto(at.base+"/account"); await picture(page,f"account-{tag}")
                await page.keyboard.press("Shift+Slash"); await picture(page,f"keys-{tag}")
                await page.keyboard.press("Escape")
                await ctx.clear_cookies(name="session")
                await page.goto(at.base+"/sign-in")
                await page.fill("#name","thura@shwe"); await page.fill("#password",PASSWORD); await page.click(".button-main"); await picture(page,f"enrol-{tag}")
                if lang=="en" and scheme=="dark": 
                    pass
                print(tag, logs)
                await ctx.close()
