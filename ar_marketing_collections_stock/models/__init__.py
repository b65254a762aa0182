from . import ar_billing_cycle
from . import stock_move
from . import stock_picking
from . import sale_order_line
from . import sale_order
from . import account_move
from . import ar_invoice_check
from . import res_partner
